use activity::{Fact, Kind as Happened};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Actor, BrandId, DeliveryKey, MailboxProvider, SubscriberId};
use links::{Links, Person};
use outbox::{Delivery, fact, mailing};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use serde_json::json;
use subscribers::opt_out::{Leave, What, leave_within};
use subscribers::{Effect, Evidence, Source, record_complaint, record_failure, topic};
use verdict::{Class, judge_report};

use super::decision::{self, Decision};
use super::{Error, sha256};
use crate::identify::{self, Door};
use crate::{Action, DeliveryReport, FeedbackReport, Kind, Returned, Standing};

/// Does what the mail asks for; nothing where the same report was here before.
pub(super) async fn act(
    txn: &DatabaseTransaction,
    links: &Links,
    door: Door,
    returned: &Returned,
    raw: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Decision>, Error> {
    let about = About::find(txn, identify::delivery(links, door, &returned.traces)).await?;
    match (&returned.kind, door) {
        (Kind::Feedback(report), _) => complained(txn, links, about, report, returned, now).await.map(Some),
        (Kind::Delivery(report), _) => reported(txn, about, report, returned, raw, now).await,
        // A program that answers has no will of its own.
        (Kind::AutoReply(_), _) => answered(txn, about, now).await.map(Some),
        (Kind::Unsubscribe | Kind::Unknown, Door::Unsubscribe(person)) => leave_topic(txn, person, now).await.map(Some),
        (Kind::Unsubscribe, _) => leave_brand(txn, about, now).await.map(Some),
        (Kind::Unknown, _) => Ok(Some(about.note(Standing::NotUnderstood, "not understood"))),
    }
}

/// The message that a returned mail is about, as far as it is known.
struct About {
    key: Option<DeliveryKey>,
    delivery: Option<Delivery>,
    brand: Option<BrandId>,
}

impl About {
    async fn find(txn: &DatabaseTransaction, key: Option<DeliveryKey>) -> Result<Self, DbErr> {
        let Some(key) = key else { return Ok(Self { key: None, delivery: None, brand: None }) };
        let brand = mailing::find(txn, key.mailing).await?.map(|mailing| mailing.brand);
        Ok(Self { key: Some(key), delivery: outbox::find(txn, key).await?, brand })
    }

    fn subscriber(&self) -> Option<SubscriberId> {
        self.delivery.as_ref().and_then(|delivery| delivery.subscriber)
    }

    fn note(&self, standing: Standing, why: &'static str) -> Decision {
        Decision { delivery: self.key, subscriber: self.subscriber(), ..Decision::new(standing, why) }
    }

    /// The address that the message was for.
    async fn address(&self, txn: &DatabaseTransaction) -> Result<Option<String>, Error> {
        let Some(delivery) = &self.delivery else { return Ok(None) };
        if let Some(recipient) = &delivery.recipient {
            return Ok(Some(recipient.to_string()));
        }
        let Some(subscriber) = delivery.subscriber else { return Ok(None) };
        Ok(subscribers::find(txn, subscriber).await?.map(|subscriber| subscriber.email.to_string()))
    }
}

async fn reported(
    txn: &DatabaseTransaction,
    about: About,
    report: &DeliveryReport,
    returned: &Returned,
    raw: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Decision>, Error> {
    let (Some(key), Some(delivery)) = (about.key, &about.delivery) else {
        return Ok(Some(about.note(Standing::Refused, "a report without a token of ours")));
    };
    let ours = about.address(txn).await?;
    let judge =
        |recipient: &crate::Recipient| judge_report(recipient.status, &recipient.diagnostic, Some(&delivery.lane));
    let Some((recipient, verdict)) = decision::failed(report, ours.as_deref(), judge) else {
        return arrived(txn, &about, key, report, now).await.map(Some);
    };
    let named = recipient.address.as_ref().map_or("", |address| address.as_str());
    let id = returned.report_id.as_deref().map(str::as_bytes).unwrap_or(raw);
    if !is_news(txn, key, &sha256(&[named.as_bytes(), b"\nfailed\n", id]), now).await? {
        return Ok(None);
    }
    let mut decision = about.note(Standing::Acted, "");
    fact::bounced(txn, key, now).await?;
    if let Some(brand) = about.brand {
        let detail = json!({ "class": verdict.class, "rule": verdict.rule });
        let happened = Fact::new(Happened::Bounced, brand, now).about(about.subscriber()).of(key).with(detail);
        activity::record(txn, &happened).await?;
        match about.subscriber() {
            // The lane says who refused; the subscriber is none of it.
            _ if verdict.class == Class::Block => {
                decision.refused_by = Some(pause(txn, delivery, &verdict, now).await?)
            }
            Some(subscriber) if verdict.class.concerns_recipient() => {
                record_failure(txn, subscriber, brand, &verdict, now).await?;
            }
            _ => {}
        }
    }
    decision.verdict = Some(verdict);
    Ok(Some(decision))
}

/// Leaves a provider in peace that refused us. `other` is no provider but everybody else, so one of them pauses nobody.
async fn pause(
    txn: &DatabaseTransaction,
    delivery: &Delivery,
    verdict: &verdict::Verdict,
    now: DateTime<Utc>,
) -> Result<(MailboxProvider, bool), DbErr> {
    let lane = &delivery.lane;
    let until = verdict.pause.and_then(|pause| TimeDelta::from_std(pause).ok()).map(|pause| now + pause);
    let Some(until) = until.filter(|_| *lane != MailboxProvider::other()) else { return Ok((lane.clone(), false)) };
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

async fn complained(
    txn: &DatabaseTransaction,
    links: &Links,
    about: About,
    report: &FeedbackReport,
    returned: &Returned,
    now: DateTime<Utc>,
) -> Result<Decision, Error> {
    if !report.kind.is_complaint() {
        return Ok(about.note(Standing::Noted, report.kind.as_str()));
    }
    let (subscriber, brand) = match (about.subscriber(), about.brand) {
        (Some(subscriber), Some(brand)) => (subscriber, brand),
        _ => match identify::person(links, &returned.traces) {
            Some(person) if person.subscriber != SubscriberId::NOBODY => {
                let topic = topic::find_by_no(txn, person.topic).await?;
                let Some(topic) = topic else { return Ok(about.note(Standing::Noted, "a complaint about no topic")) };
                (person.subscriber, topic.brand)
            }
            Some(_) => return Ok(about.note(Standing::Noted, "a complaint about a test mail")),
            None if about.key.is_some() => return Ok(about.note(Standing::Noted, "a complaint of nobody on file")),
            None => return Ok(about.note(Standing::Refused, "a complaint without a token of ours")),
        },
    };
    if let Some(key) = about.key {
        fact::complained(txn, key, now).await?;
    }
    let actor = Actor::rule("complaint");
    let effect = record_complaint(txn, subscriber, brand, &actor, now).await?;
    if effect != Effect::None {
        let happened = Fact::new(Happened::Complained, brand, now).about(subscriber).of(about.key);
        activity::record(txn, &happened.with(json!({ "type": report.kind.as_str() }))).await?;
    }
    Ok(Decision { subscriber: Some(subscriber), ..about.note(Standing::Acted, report.kind.as_str()) })
}

async fn answered(txn: &DatabaseTransaction, about: About, now: DateTime<Utc>) -> Result<Decision, Error> {
    if let (Some(key), Some(brand), Some(_)) = (about.key, about.brand, &about.delivery) {
        let happened = Fact::new(Happened::AutoAnswered, brand, now).about(about.subscriber()).of(key);
        activity::record(txn, &happened).await?;
    }
    Ok(about.note(Standing::Noted, "auto-reply"))
}

/// A mail to the tokened address is enough, whoever it is from: people forward, and write from other accounts.
async fn leave_topic(txn: &DatabaseTransaction, person: Person, now: DateTime<Utc>) -> Result<Decision, Error> {
    if person.subscriber == SubscriberId::NOBODY {
        return Ok(Decision::new(Standing::Noted, "unsubscribe of a test mail"));
    }
    let decision = |standing, why| Decision { subscriber: Some(person.subscriber), ..Decision::new(standing, why) };
    let Some(topic) = topic::find_by_no(txn, person.topic).await? else {
        return Ok(decision(Standing::Noted, "unsubscribe from no topic"));
    };
    leave(txn, person.subscriber, What::Topic(topic.id), now).await?;
    Ok(decision(Standing::Acted, "unsubscribe"))
}

/// The one word, in answer to a message of ours: its token says who, and no less than the brand is meant.
async fn leave_brand(txn: &DatabaseTransaction, about: About, now: DateTime<Utc>) -> Result<Decision, Error> {
    let (Some(subscriber), Some(brand)) = (about.subscriber(), about.brand) else {
        return Ok(about.note(Standing::NotUnderstood, "unsubscribe without a token of ours"));
    };
    leave(txn, subscriber, What::Brand(brand), now).await?;
    Ok(about.note(Standing::Acted, "unsubscribe"))
}

async fn leave(
    txn: &DatabaseTransaction,
    subscriber: SubscriberId,
    what: What,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let actor = Actor::Subscriber(subscriber);
    let leave = Leave { subscriber, what, source: Source::Mail, actor, evidence: Evidence::none() };
    leave_within(txn, &leave, now).await?;
    Ok(())
}

/// Whether this report about this delivery is here for the first time.
async fn is_news(
    txn: &DatabaseTransaction,
    key: DeliveryKey,
    digest: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "INSERT INTO report_digests (mailing_no, ordinal, digest, seen_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    let values = [key.mailing.into(), key.ordinal.into(), digest.to_vec().into(), now.into()];
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    Ok(txn.execute_raw(statement).await?.rows_affected() == 1)
}
