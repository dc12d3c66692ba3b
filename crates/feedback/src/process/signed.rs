//! A complaint that has no token of ours is believed if its mailbox provider has signed it (DKIM, RFC 6376).
//!
//! To see that takes a question to the DNS, so it is not asked while somebody waits for an answer, nor in a transaction: the complaint is
//! kept for a person, and looked at soon after.

use activity::{Fact, Kind as Happened};
use brands::Brand;
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use database::lease::{self, Lease};
use dns::{Resolver, provider_of};
use domain::{Actor, BrandId, EmailAddress, ReturnedMailId};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use subscribers::suppression::{Origin, Reason, active_for_subscriber};
use subscribers::{hold, is_overtaken, record_complaint};

use super::decision::Decision;
use super::{Error, write};
use crate::entity::{Column, Entity, Model};
use crate::loops::Loop;
use crate::{Effect, Kind, Standing, fields, parse, parts};

/// How many are looked at in each call.
const MANY: u64 = 20;

/// How long it takes until a name server that gave no answer is asked again, and how long it is asked at all.
const AGAIN: TimeDelta = TimeDelta::hours(1);
const PATIENCE: TimeDelta = TimeDelta::days(3);

/// What the look-ups have brought.
#[derive(Debug)]
pub struct LookedAt {
    found: Vec<(ReturnedMailId, Found)>,
}

#[derive(Copy, Clone, Debug)]
enum Found {
    Signed(&'static Loop),
    Unsigned,
    NoAnswer,
}

/// Looks whether complaints that came without a token are signed by their providers: a bounded number in each call.
pub async fn look_at_signatures(db: &Database, resolver: &Resolver, now: DateTime<Utc>) -> Result<LookedAt, Error> {
    let due = Entity::find()
        .filter(Column::SignatureLookAt.lte(now))
        .order_by_asc(Column::SignatureLookAt)
        .limit(MANY)
        .all(db.reader())
        .await?;
    let looks = due.iter().map(|mail| look(&mail.raw.0, resolver));
    let found = join_all(looks).await;
    Ok(LookedAt { found: due.iter().map(|mail| mail.id).zip(found).collect() })
}

/// Whether a CR stands by itself. A reader of mail may take it for the end of a line and the checker of a signature for a part of one
/// (RFC 5322 §2.3 has none): a field that nobody signed would be read as the one that was.
fn has_a_bare_cr(raw: &[u8]) -> bool {
    raw.iter().enumerate().any(|(at, byte)| *byte == b'\r' && raw.get(at + 1) != Some(&b'\n'))
}

async fn look(raw: &[u8], resolver: &Resolver) -> Found {
    if has_a_bare_cr(raw) {
        return Found::Unsigned;
    }
    let from = parts::read(raw).and_then(|mail| mail.headers.get("from").and_then(address));
    let Some(known) = from.and_then(|from| Loop::from(&from)) else { return Found::Unsigned };
    let signers = resolver.signers(raw, |domain| known.signs(domain)).await;
    match (signers.domains.is_empty(), signers.is_doubtful) {
        (false, _) => Found::Signed(known),
        (true, true) => Found::NoAnswer,
        (true, false) => Found::Unsigned,
    }
}

/// Does what follows, each complaint in a transaction of its own, and says whether there may be more. Whoever calls it holds `lease`, one
/// role for all instances, and takes `now` after the look-ups.
pub async fn settle_signatures(
    db: &Database,
    lease: &Lease,
    looked: LookedAt,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let more = looked.found.len() as u64 == MANY;
    for (id, found) in looked.found {
        let txn = lease::begin(db, lease, now).await?;
        let mail = Entity::find_by_id(id).lock_exclusive().one(&txn).await?;
        let Some(mail) = mail.filter(|mail| mail.signature_look_at.is_some()) else { continue };
        let decision = match found {
            Found::Signed(known) => complained(&txn, &mail, known, now).await?,
            Found::NoAnswer if now - mail.received_at < PATIENCE => {
                let again = Decision::new(Standing::ToLookAt, "a complaint whose signature waits for the DNS");
                Decision { look_at: Some(now + AGAIN), ..again }
            }
            Found::NoAnswer | Found::Unsigned => Decision::new(Standing::ToLookAt, super::complaint::UNPROVED),
        };
        write(&txn, id, &decision).await?;
        txn.commit().await?;
        decision.tell();
    }
    Ok(more)
}

/// Ends the brand's mail to whoever complained, as far as the report says who, of which brand.
async fn complained(
    txn: &DatabaseTransaction,
    mail: &Model,
    known: &Loop,
    now: DateTime<Utc>,
) -> Result<Decision, Error> {
    let note = |why| Ok(Decision::new(Standing::ToLookAt, why));
    let Kind::Feedback(report) = parse(&mail.raw.0).kind else { return note(super::complaint::UNPROVED) };
    let Some(address) = report.recipient else { return note("a signed complaint that does not say whose") };
    // A provider speaks for its own mailboxes.
    if provider_of(address.domain()) != known.provider {
        return note("a signed complaint about a mailbox of another provider");
    }
    let Some(brand) = brand_of(txn, &mail.raw.0).await? else {
        return note("a signed complaint about a message of no brand");
    };
    let Some(person) = subscribers::find_by_email(txn, &address).await? else {
        return note("a signed complaint of nobody on file");
    };
    hold(txn, person.id).await?;
    let note = |standing, why| Ok(Decision { subscriber: Some(person.id), ..Decision::new(standing, why) });
    if is_overtaken(txn, person.id, mail.received_at).await? {
        return note(Standing::ToLookAt, "a signed complaint of whom something newer is known");
    }
    let standing = active_for_subscriber(txn, person.id).await?;
    if standing.iter().any(|entry| entry.reason == Reason::Complaint && entry.brand == Some(brand)) {
        return note(Standing::Noted, "a complaint that is known already");
    }
    let origin = Origin { delivery: None, returned_mail: Some(mail.id) };
    let effect = record_complaint(txn, person.id, brand, &Actor::rule("complaint.signed"), origin, now).await?;
    let detail = json!({ "type": report.kind.as_str(), "signed_by": known.provider });
    activity::record(txn, &Fact::new(Happened::Complained, brand, now).about(person.id).with(detail)).await?;
    let acted = Decision::new(Standing::Acted, report.kind.as_str());
    Ok(Decision { subscriber: Some(person.id), effect: Effect::on_person(effect), ..acted })
}

/// The brand whose message the report returns, by its From: the address, or else the domain if it is one brand's alone.
async fn brand_of(txn: &DatabaseTransaction, raw: &[u8]) -> Result<Option<BrandId>, Error> {
    let Some(from) = returned_from(raw) else { return Ok(None) };
    let brands = brands::list(txn).await?;
    if let Some(brand) = brands.iter().find(|brand| brand.from_address == from) {
        return Ok(Some(brand.id));
    }
    let is_theirs =
        |brand: &&Brand| brand.from_address.domain() == from.domain() || brand.sending_domain == from.domain();
    let mut theirs = brands.iter().filter(is_theirs);
    Ok(match (theirs.next(), theirs.next()) {
        (Some(brand), None) => Some(brand.id),
        _ => None,
    })
}

fn returned_from(raw: &[u8]) -> Option<EmailAddress> {
    let mail = parts::read(raw)?;
    let returned = mail.parts.iter().find(|part| part.is_returned())?;
    fields::groups(&returned.text).iter().find_map(|fields| fields::value(fields, "From").and_then(address))
}

/// The address in a From that names one.
fn address(field: &str) -> Option<EmailAddress> {
    let bare = field.rsplit_once('<').map_or(field, |(_, rest)| rest.split('>').next().unwrap_or_default());
    bare.trim().parse().ok()
}
