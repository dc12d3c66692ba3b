//! A mail server says what became of a message.

use activity::{Fact, Kind as Happened};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Actor, DeliveryKey, MailboxProvider};
use outbox::{Delivery, fact};
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::json;
use subscribers::record_failure;
use subscribers::suppression::Origin;
use verdict::{Class, judge_report};

use super::about::About;
use super::decision::{self, Decision};
use super::seen::is_news;
use super::{Error, Mail, sha256};
use crate::webhook::Own;
use crate::{Action, DeliveryReport, Effect, Standing};

/// Writes the fact, and lets whoever it concerns know: the subscriber, or the provider that refused us. A message comes back
/// once: what is reported of it later is noted. Nothing where the same report was here before.
pub(super) async fn reported(
    txn: &DatabaseTransaction,
    about: About,
    report: &DeliveryReport,
    mail: &Mail<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Decision>, Error> {
    let Some(key) = about.key else {
        return Ok(Some(about.note(Standing::Refused, "a report without a token of ours")));
    };
    let Some(delivery) = &about.delivery else {
        return Ok(Some(about.note(Standing::Noted, "a report of a message that is not on file any more")));
    };
    let ours = about.address(txn).await?;
    let judge = |recipient: &crate::Recipient| match mail.own {
        Some(own) => own.judge(recipient, &delivery.lane),
        None => judge_report(recipient.status, &recipient.diagnostic, Some(&delivery.lane)),
    };
    let Some((recipient, verdict)) = decision::failed(report, ours.as_deref(), judge) else {
        return arrived(txn, &about, key, report, now).await.map(Some);
    };
    let named = recipient.address.as_ref().map_or("", |address| address.as_str());
    if !is_news(txn, key, &sha256(&[named.as_bytes(), b"\nfailed\n", mail.report_id()]), now).await? {
        return Ok(None);
    }
    if let Some(Own::Suppressed(rule)) = mail.own {
        // It did not reach them, and neither they nor their provider are to blame.
        fact::bounced(txn, key, now).await?;
        return Ok(Some(about.note(Standing::Noted, rule)));
    }
    // A report that is forgotten already may come all the same, and two servers may report one message. A database that was restored
    // from a backup may not know that the message went.
    // What our relay could not take on says nothing of the provider.
    let news = match verdict.relay {
        true => fact::bounced(txn, key, now).await?,
        false => fact::bounced_as(txn, key, verdict.class.as_str(), now).await?,
    };
    if !news {
        let why = "a failure that is known already, or of a message that is not known to have gone";
        return Ok(Some(about.note(Standing::Noted, why)));
    }
    let mut decision = about.note(Standing::Acted, "");
    if let Some(brand) = about.brand {
        let mut detail = json!({ "class": verdict.class, "rule": verdict.rule });
        if let Some(words) = verdict.words_of_content() {
            detail["words"] = words.into();
        }
        let happened = Fact::new(Happened::Bounced, brand, now).about(about.subscriber()).of(key).with(detail);
        activity::record(txn, &happened).await?;
        match about.subscriber() {
            // The lane says who refused; the subscriber is none of it.
            _ if verdict.class == Class::Block => {
                let (provider, paused) = pause(txn, delivery, &verdict, mail.received_at, now).await?;
                decision.effect = paused.then_some(Effect::Paused);
                decision.refused_by = Some((provider, paused));
            }
            Some(subscriber) if verdict.class.concerns_recipient() => {
                let origin = Origin::new(key, mail.id);
                let effect = record_failure(txn, subscriber, brand, &verdict, origin, mail.received_at).await?;
                decision.effect = Effect::on_person(effect);
            }
            _ => {}
        }
    }
    decision.verdict = Some(verdict);
    Ok(Some(decision))
}

/// Leaves a provider in peace that refused us, for as long as that is worth from when it said so. `other` is no provider but everybody else, so one of them pauses nobody.
async fn pause(
    txn: &DatabaseTransaction,
    delivery: &Delivery,
    verdict: &verdict::Verdict,
    received_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(MailboxProvider, bool), DbErr> {
    let lane = &delivery.lane;
    let until = verdict.pause.and_then(|pause| TimeDelta::from_std(pause).ok()).map(|pause| received_at + pause);
    let is_due = |until: &DateTime<Utc>| *until > now && *lane != MailboxProvider::other();
    let Some(until) = until.filter(is_due) else { return Ok((lane.clone(), false)) };
    let actor = Actor::rule(&verdict.rule);
    limits::pause::set(txn, lane, until, &verdict.rule, &verdict.words, &actor, now).await?;
    Ok((lane.clone(), true))
}

/// A report of anything but a failure proves at most that the message is out.
async fn arrived(
    txn: &DatabaseTransaction,
    about: &About,
    key: DeliveryKey,
    report: &DeliveryReport,
    now: DateTime<Utc>,
) -> Result<Decision, Error> {
    if report.recipients.iter().any(|recipient| recipient.action == Action::Delayed) {
        return Ok(about.note(Standing::Noted, "delayed"));
    }
    fact::arrived(txn, key, now).await?;
    Ok(about.note(Standing::Noted, "delivered"))
}
