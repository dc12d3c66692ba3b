//! A kept mail once more, by the rules of today.

use chrono::{DateTime, Utc};
use database::Database;
use domain::{EmailAddress, ReturnedMailId};
use links::Links;
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{DatabaseTransaction, EntityTrait, QuerySelect};

use super::about::About;
use super::{Error, Mail, act, write};
use crate::entity::{ActiveModel, Entity, Model};
use crate::identify::{self, Door};
use crate::webhook::Provider;
use crate::{Kind, Returned, Standing, parse, webhook};

/// What came of a mail that was dealt with once more.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It is understood otherwise than before.
    Changed {
        /// What became of it now.
        standing: Standing,
    },
    /// Nothing, and why.
    Unchanged(Unchanging),
}

/// Why a mail that is dealt with once more changes nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Unchanging {
    /// There is no such mail.
    Unknown,
    /// Its text was emptied: the person was erased.
    Emptied,
    /// What it did was taken back by staff: it does not do it again.
    Released,
    /// It has done what it asks for.
    Done,
    /// The person has opted in or out since, or was released.
    Overtaken,
    /// It is understood as before.
    Same,
}

impl Unchanging {
    /// Why, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "there is no such mail",
            Self::Emptied => "its text was emptied, for the person was erased",
            Self::Released => "what it did was taken back, and is not done again",
            Self::Done => "it has done what it asks for",
            Self::Overtaken => "something newer is known of the person",
            Self::Same => "it is understood as before",
        }
    }
}

/// Deals with a kept mail once more, by the rules of today and as of when it came: for what was not understood, or refused, before a rule was added.
///
/// However often, it does what it asks for once; and what staff has taken back is not done again.
pub async fn replay(db: &Database, links: &Links, id: ReturnedMailId, now: DateTime<Utc>) -> Result<Replayed, Error> {
    let txn = db.begin().await?;
    let Some(kept) = Entity::find_by_id(id).lock_exclusive().one(&txn).await? else {
        return Ok(Replayed::Unchanged(Unchanging::Unknown));
    };
    let to = match settled(&kept) {
        Ok(to) => to,
        Err(why) => return Ok(Replayed::Unchanged(why)),
    };
    let (returned, own) = match webhook::reread(&kept.source, &kept.raw.0) {
        Some(event) => event,
        None => (parse(&kept.raw.0), None),
    };
    let door = to.map_or(Door::Other, |to| Door::of(links, &to).unwrap_or(Door::Other));
    if is_overtaken(&txn, links, door, &returned, &kept).await? {
        return Ok(Replayed::Unchanged(Unchanging::Overtaken));
    }
    let mail = Mail {
        id,
        received_at: kept.received_at,
        returned: &returned,
        raw: &kept.raw.0,
        is_answer_told: kept.kind == returned.kind.as_str() && kept.mailing_no.is_some(),
        own,
    };
    let decision = act::act(&txn, links, door, &mail, now).await?;
    let is_same = |kept: &Model, standing, rule: &str| {
        kept.standing == standing && kept.kind == returned.kind.as_str() && kept.rule.as_deref() == Some(rule)
    };
    let Some(decision) = decision.filter(|decision| !is_same(&kept, decision.standing, decision.rule())) else {
        // What would have been written once more is not.
        txn.rollback().await?;
        return Ok(Replayed::Unchanged(Unchanging::Same));
    };
    write(&txn, id, &decision).await?;
    let kind =
        ActiveModel { id: Unchanged(id), kind: Set(returned.kind.as_str().to_owned()), ..ActiveModel::default() };
    Entity::update(kind).exec(&txn).await?;
    txn.commit().await?;
    decision.tell();
    Ok(Replayed::Changed { standing: decision.standing })
}

/// Whether a mail would act on a person of whom something newer is known. A program's answer acts on nobody.
async fn is_overtaken(
    txn: &DatabaseTransaction,
    links: &Links,
    door: Door,
    returned: &Returned,
    kept: &Model,
) -> Result<bool, Error> {
    if matches!(returned.kind, Kind::AutoReply(_) | Kind::Receipt(_)) {
        return Ok(false);
    }
    let person = match door {
        Door::Unsubscribe(person) => Some(person.subscriber),
        _ => About::find(txn, identify::delivery(links, door, &returned.traces)).await?.subscriber(),
    };
    let person = person.or_else(|| identify::person(links, &returned.traces).map(|person| person.subscriber));
    Ok(match person {
        Some(person) => subscribers::is_overtaken(txn, person, kept.received_at).await?,
        None => false,
    })
}

/// Whom a mail came to that may be dealt with once more; an event of a mail service came to nobody.
fn settled(kept: &Model) -> Result<Option<EmailAddress>, Unchanging> {
    if kept.released_at.is_some() {
        return Err(Unchanging::Released);
    }
    if kept.standing == Standing::Acted {
        return Err(Unchanging::Done);
    }
    if kept.source.parse::<Provider>().is_ok() {
        return if kept.raw.0.is_empty() { Err(Unchanging::Emptied) } else { Ok(None) };
    }
    kept.envelope_to.0.parse().map(Some).map_err(|_| Unchanging::Emptied)
}
