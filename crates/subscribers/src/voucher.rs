use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, SubscriberId, SuppressionId, TopicId};
use sea_orm::ConnectionTrait;

use crate::consent::{self, Act, Entry};
use crate::entity::subscriber::Model;
use crate::subscription::{self, Event, InvalidTransition, Step, StepError};
use crate::suppression::{self, AddressHash, Reason};
use crate::{Basis, Error, Evidence, Source, topic};

/// A basis that was gained elsewhere, as staff, a program or a list names it.
pub(crate) struct Voucher<'a> {
    pub(crate) basis: Basis,
    pub(crate) stated: &'a str,
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) source: Source,
    pub(crate) actor: &'a Actor,
    pub(crate) evidence: &'a Evidence,
}

/// Subscribes a person, whom the caller has locked, on somebody's word, and says whether that is new; or why not.
pub(crate) async fn vouch(
    conn: &impl ConnectionTrait,
    person: &Model,
    topic: TopicId,
    voucher: &Voucher<'_>,
    now: DateTime<Utc>,
) -> Result<Result<bool, InvalidTransition>, Error> {
    let brand = brand_of(conn, topic).await?;
    let new = match subscription::take(conn, person.id, topic, voucher.step(), now).await {
        Ok(new) => new,
        Err(StepError::Refused(refused)) => return Ok(Err(refused)),
        Err(StepError::Database(error)) => return Err(error.into()),
    };
    if new {
        consent::record(conn, voucher.entry(person, brand, topic), now).await?;
    }
    Ok(Ok(new))
}

/// Subscribes many people, whom the caller has locked, likewise.
pub(crate) async fn vouch_for_all(
    conn: &impl ConnectionTrait,
    people: &[&Model],
    topic: TopicId,
    voucher: &Voucher<'_>,
    now: DateTime<Utc>,
) -> Result<HashMap<SubscriberId, Result<bool, InvalidTransition>>, Error> {
    let brand = brand_of(conn, topic).await?;
    let ids: Vec<SubscriberId> = people.iter().map(|person| person.id).collect();
    let outcomes = subscription::take_all(conn, &ids, topic, voucher.step(), now).await?;
    let new = people.iter().filter(|person| outcomes.get(&person.id) == Some(&Ok(true)));
    let entries: Vec<Entry<'_>> = new.map(|person| voucher.entry(person, brand, topic)).collect();
    consent::record_all(conn, &entries, now).await?;
    Ok(outcomes)
}

/// The brand of a topic that takes people.
async fn brand_of(conn: &impl ConnectionTrait, topic: TopicId) -> Result<BrandId, Error> {
    let known = topic::find(conn, topic).await?.filter(|topic| topic.archived_at.is_none());
    Ok(known.ok_or(Error::UnknownTopic(topic))?.brand)
}

impl<'a> Voucher<'a> {
    fn step(&self) -> Step {
        Step { basis: self.basis, until: self.until, ..Step::new(Event::Vouch) }
    }

    fn entry(&self, person: &'a Model, brand: BrandId, topic: TopicId) -> Entry<'a> {
        Entry {
            act: Act::Vouched,
            subscriber: person.id,
            email: &person.email,
            brand,
            topic: Some(topic),
            form: None,
            opt_in: None,
            basis: Some(self.basis),
            source: Some(self.source),
            note: Some(self.stated),
            actor: self.actor,
            evidence: self.evidence,
        }
    }
}

/// Why an address may not be brought on file for these topics by anybody's word: the oldest suppression for every brand or
/// for one of theirs.
pub(crate) async fn barred(
    conn: &impl ConnectionTrait,
    hashes: &[AddressHash],
    topics: &[TopicId],
) -> Result<Option<Reason>, Error> {
    Ok(barred_among(conn, hashes, topics).await?.reason(hashes))
}

/// The same of many addresses at once.
pub(crate) async fn barred_among(
    conn: &impl ConnectionTrait,
    hashes: &[AddressHash],
    topics: &[TopicId],
) -> Result<Barred, Error> {
    let mut brands = Vec::new();
    for topic in topics {
        brands.extend(topic::find(conn, *topic).await?.map(|topic| topic.brand));
    }
    Ok(Barred { oldest: suppression::oldest_by_hash(conn, hashes, &brands).await? })
}

/// Whom nobody's word brings on file.
pub(crate) struct Barred {
    oldest: HashMap<Vec<u8>, (SuppressionId, Reason)>,
}

impl Barred {
    /// What stands against the address with these hashes.
    pub(crate) fn reason(&self, hashes: &[AddressHash]) -> Option<Reason> {
        hashes
            .iter()
            .filter_map(|hash| self.oldest.get(&hash.hash))
            .min_by_key(|(id, _)| *id)
            .map(|(_, reason)| *reason)
    }
}
