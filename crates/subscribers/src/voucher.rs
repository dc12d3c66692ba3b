use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, TopicId};
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
    let known = topic::find(conn, topic).await?.filter(|topic| topic.archived_at.is_none());
    let brand = known.ok_or(Error::UnknownTopic(topic))?.brand;
    let step = Step { basis: voucher.basis, until: voucher.until, ..Step::new(Event::Vouch) };
    let new = match subscription::take(conn, person.id, topic, step, now).await {
        Ok(new) => new,
        Err(StepError::Refused(refused)) => return Ok(Err(refused)),
        Err(StepError::Database(error)) => return Err(error.into()),
    };
    if new {
        let entry = Entry {
            act: Act::Vouched,
            subscriber: person.id,
            email: &person.email,
            brand,
            topic,
            form: None,
            opt_in: None,
            basis: voucher.basis,
            source: Some(voucher.source),
            note: Some(voucher.stated),
            actor: voucher.actor,
            evidence: voucher.evidence,
        };
        consent::record(conn, entry, now).await?;
    }
    Ok(Ok(new))
}

/// Why an address may not be brought on file for these topics by anybody's word: a suppression for every brand or for one
/// of theirs.
pub(crate) async fn barred(
    conn: &impl ConnectionTrait,
    hashes: &[AddressHash],
    topics: &[TopicId],
) -> Result<Option<Reason>, Error> {
    let standing = suppression::active_by_hash(conn, hashes).await?;
    if standing.is_empty() {
        return Ok(None);
    }
    let mut brands = Vec::new();
    for topic in topics {
        brands.extend(topic::find(conn, *topic).await?.map(|topic| topic.brand));
    }
    let reaches = |brand: Option<BrandId>| brand.is_none_or(|brand| brands.contains(&brand));
    Ok(standing.iter().find(|entry| reaches(entry.brand)).map(|entry| entry.reason))
}
