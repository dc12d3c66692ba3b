//! A person asks by mail to be left alone.

use chrono::{DateTime, Utc};
use domain::{Actor, SubscriberId};
use links::Person;
use sea_orm::DatabaseTransaction;
use subscribers::opt_out::{Leave, What, leave_within};
use subscribers::topic::{self, Topic};
use subscribers::{Evidence, Source};

use super::Error;
use super::about::About;
use super::decision::Decision;
use crate::{Effect, Standing};

/// The token of an unsubscribe link or address is enough, whoever the mail is from: people forward, and write from other
/// accounts. It may leave what the page behind the link leaves: the topic, or all of its brand.
pub(super) async fn by_link(
    txn: &DatabaseTransaction,
    person: Person,
    what: impl FnOnce(&Topic) -> What,
    now: DateTime<Utc>,
) -> Result<Decision, Error> {
    if person.subscriber == SubscriberId::NOBODY {
        return Ok(Decision::new(Standing::Noted, "unsubscribe of a test mail"));
    }
    let decision = |standing, why| Decision { subscriber: Some(person.subscriber), ..Decision::new(standing, why) };
    if subscribers::find(txn, person.subscriber).await?.is_none() {
        return Ok(Decision { forgets: true, ..Decision::new(Standing::Noted, "unsubscribe of nobody on file") });
    }
    let Some(topic) = topic::find_by_no(txn, person.topic).await? else {
        return Ok(decision(Standing::Noted, "unsubscribe from no topic"));
    };
    leave(txn, person.subscriber, what(&topic), now).await?;
    Ok(Decision { effect: Some(Effect::Left), ..decision(Standing::Acted, "unsubscribe") })
}

/// The one word, in answer to a message of ours: its token says who, and no less than the brand is meant.
pub(super) async fn brand(txn: &DatabaseTransaction, about: About, now: DateTime<Utc>) -> Result<Decision, Error> {
    let (Some(subscriber), Some(brand)) = (about.subscriber(), about.brand) else {
        return Ok(about.note(Standing::NotUnderstood, "unsubscribe without a token of ours"));
    };
    leave(txn, subscriber, What::Brand(brand), now).await?;
    Ok(Decision { effect: Some(Effect::Left), ..about.note(Standing::Acted, "unsubscribe") })
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
