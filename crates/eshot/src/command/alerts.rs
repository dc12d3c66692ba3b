use accounts::audit;
use alerts::{Alarm, Alert, Subject};
use chrono::{DateTime, Utc};
use domain::Actor;

use crate::cli::Alerts;
use crate::context::Context;
use crate::out::say;

/// How many a list shows.
const SHOWN: u32 = 200;

/// `eshot alerts …`.
pub(super) async fn run(command: Alerts, context: &Context) -> anyhow::Result<bool> {
    let (db, now) = (context.database().await?, context.now());
    match command {
        Alerts::List { all } => {
            for alert in alerts::list(db.reader(), all, None, SHOWN).await? {
                say!("{}", line(&alert));
            }
        }
        Alerts::Acknowledge { id } => {
            let txn = db.begin().await?;
            alerts::acknowledge(&txn, id, &Actor::Operator, now).await?;
            audit::record(&txn, &Actor::Operator, "alert.acknowledge", &format!("alert:{id}"), None, now).await?;
            txn.commit().await?;
            say!("alert {id} is acknowledged");
        }
    }
    Ok(true)
}

fn line(alert: &Alert) -> String {
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M").to_string();
    let Alarm { subject, cause, level, share, words } = &alert.alarm;
    let subject = match subject {
        Subject::Campaign { campaign, .. } => format!("campaign {campaign}"),
        Subject::Provider(provider) => provider.to_string(),
    };
    let mut parts = vec![alert.id.to_string(), time(alert.since), level.to_string(), format!("{subject}: {cause}")];
    parts.extend(share.map(|share| share.to_string()));
    parts.extend(Some(words).filter(|words| !words.is_empty()).cloned());
    parts.extend(alert.ended_at.map(|at| format!("over {}", time(at))));
    parts.extend(alert.acknowledged_by.as_ref().map(|by| format!("acknowledged by {by}")));
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use domain::{AlertId, MailboxProvider};
    use limits::{Cause, Level, Share};

    use super::*;

    #[test]
    fn a_line_says_what_goes_wrong_how_often_and_who_knows() {
        let since: DateTime<Utc> = "2026-03-02T09:30:00Z".parse().unwrap();
        let gmail: MailboxProvider = "gmail".parse().unwrap();
        let alert = Alert {
            id: AlertId::from_bytes([0; 16]),
            alarm: Alarm {
                subject: Subject::Provider(gmail),
                cause: Cause::Refusals,
                level: Level::Pause,
                share: Some(Share { count: 11, of: 200 }),
                words: "unsolicited".to_owned(),
            },
            since,
            ended_at: Some(since + chrono::TimeDelta::hours(1)),
            acknowledged_at: Some(since),
            acknowledged_by: Some(Actor::Operator),
        };
        assert_eq!(
            line(&alert),
            "00000000-0000-0000-0000-000000000000  2026-03-02 09:30  pause  gmail: refusals  11 of 200  unsolicited  \
             over 2026-03-02 10:30  acknowledged by operator"
        );
    }
}
