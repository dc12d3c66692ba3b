use accounts::audit;
use chrono::{DateTime, Utc};
use domain::Actor;
use limits::{Frozen, Standing, Warming};

use crate::cli::Limits;
use crate::context::Context;
use crate::out::say;
use crate::relay::{outlets, warm_ups};

/// `eshot limits …`.
pub(super) async fn run(command: Limits, context: &Context) -> anyhow::Result<bool> {
    let (db, now) = (context.database().await?, context.now());
    match command {
        Limits::List => {
            let config = &context.config;
            let warm_ups = outlets(config).map(|outlets| warm_ups(config, &outlets)).unwrap_or_default();
            for standing in limits::standings(db.reader(), &config.limits.of_providers(), &warm_ups, now).await? {
                say!("{}", line(&standing, now));
            }
        }
        Limits::Lift { provider } => {
            let object = format!("limit:{provider}");
            if !limits::lift(&db, &provider, &Actor::Operator, now).await? {
                say!("nothing holds {provider} back");
                return Ok(false);
            }
            audit::record(db.writer(), &Actor::Operator, "limit.lift", &object, None, now).await?;
            say!("nothing holds {provider} back any more");
        }
    }
    Ok(true)
}

fn line(standing: &Standing, now: DateTime<Utc>) -> String {
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M");
    let rate = standing.limit.as_ref().and_then(|limit| limit.rate);
    let mut parts = vec![standing.provider.to_string()];
    match (rate, &standing.limit) {
        (Some(rate), _) => parts.push(rate.to_string()),
        (None, Some(_)) => parts.push("no rate, other limits".to_owned()),
        (None, None) => parts.push("no limit".to_owned()),
    }
    if let Some(pause) = &standing.pause {
        let (until, since) = (time(pause.until), time(pause.since));
        parts.push(format!(
            "left alone until {until} since {since} by {} ({}): {}",
            pause.actor, pause.rule, pause.words
        ));
    }
    if let Some(pace) = &standing.pace {
        let (now, whole, until) = (pace.per_hour(now), pace.whole, time(pace.ends_at()));
        parts.push(format!("{now} of {whole} messages an hour, all at {until} ({}): {}", pace.rule, pace.words));
    }
    for Warming { relay, day, amount, used, frozen, .. } in &standing.warm_ups {
        let mut part = format!("{relay} is warmed up, day {day}: {used} of {amount} messages today");
        if let Some(Frozen { on, rule, words }) = frozen {
            part.push_str(&format!(", and {on} does not count ({rule}: {words})"));
        }
        parts.push(part);
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use domain::MailboxProvider;
    use limits::{Limit, Pace, Pause};

    use super::*;

    #[test]
    fn a_line_says_the_limit_and_what_holds_the_provider_back() {
        let now: DateTime<Utc> = "2026-03-02T09:30:00Z".parse().unwrap();
        let provider: MailboxProvider = "gmail".parse().unwrap();
        let (rule, words) = ("code.google-rate".to_owned(), "slower".to_owned());
        let until = now + chrono::TimeDelta::minutes(10);
        let pause = Pause {
            provider: provider.clone(),
            until,
            rule: rule.clone(),
            words: words.clone(),
            since: now,
            actor: Actor::rule("sender.block"),
            lifted_by: None,
        };
        let (slowed_at, recovers_from) = (now, until);
        let pace = Pace {
            provider: provider.clone(),
            whole: 7_200,
            slowed: 3_600,
            slowed_at,
            recovers_from,
            rule,
            words,
            lifted_by: None,
        };
        let limit = Some(Limit::rate("2/s".parse().unwrap()));
        let frozen = Frozen { on: now.date_naive(), rule: "share.refusals".to_owned(), words: "3 of 60".to_owned() };
        let warming = Warming {
            relay: "main".to_owned(),
            provider: provider.clone(),
            begun_at: now,
            day: 3,
            amount: 98,
            used: 7,
            frozen: Some(frozen),
        };
        let standing = Standing { provider, limit, pause: Some(pause), pace: Some(pace), warm_ups: vec![warming] };
        assert_eq!(
            line(&standing, now),
            "gmail  2/s  left alone until 2026-03-02 09:40 since 2026-03-02 09:30 by rule:sender.block (code.google-rate): \
             slower  3600 of 7200 messages an hour, all at 2026-03-02 10:10 (code.google-rate): slower  \
             main is warmed up, day 3: 7 of 98 messages today, and 2026-03-02 does not count (share.refusals: 3 of 60)"
        );
    }
}
