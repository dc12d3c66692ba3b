use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, EmailAddress, KeyId, MasterKeys, SubscriberId, SuppressionId};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::people::{AT_ONCE, hashes_of, put_hashes};
use super::{AddressHash, AddressHasher, Origin, Reason, SCHEME};
use crate::entity::subscriber;
use crate::entity::suppression::{ActiveModel, Column, Entity, Model};
use crate::health::ACT;

/// One entry of the list. Neither address nor person stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: SuppressionId,
    /// The generation of the key that hashed the address.
    pub generation: KeyId,
    /// For which brand; none for every one.
    pub brand: Option<BrandId>,
    /// Why.
    pub reason: Reason,
    /// The rule, or what staff said.
    pub detail: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// What it was made on.
    pub origin: Origin,
    /// How it ended.
    pub lifted: Option<Lifted>,
}

/// How a suppression ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Option<Actor>,
    /// Why, where they said so.
    pub why: Option<String>,
}

/// Which suppressions a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of this brand; those of every brand are not among them.
    pub brand: Option<BrandId>,
    /// Those for this reason.
    pub reason: Option<Reason>,
    /// Lifted ones too.
    pub lifted: bool,
}

/// An address that staff or a list says is not to be mailed.
#[derive(Clone, Debug)]
pub struct New<'a> {
    /// The address.
    pub email: &'a EmailAddress,
    /// For which brand; none for every one.
    pub brand: Option<BrandId>,
    /// Why.
    pub reason: Told,
    /// What staff say about it. Not the address, or it would outlive an erasure.
    pub detail: &'a str,
}

/// Who says that an address is not to be mailed. All other reasons are found out, not told.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Staff.
    Manual,
    /// A list.
    Imported,
}

impl From<Told> for Reason {
    fn from(told: Told) -> Self {
        match told {
            Told::Manual => Self::Manual,
            Told::Imported => Self::Imported,
        }
    }
}

impl From<Model> for Suppression {
    fn from(row: Model) -> Self {
        let origin = Origin::of(&row);
        Self {
            id: row.id,
            generation: row.generation,
            brand: row.brand_id,
            reason: row.reason,
            detail: row.detail,
            created_at: row.created_at,
            origin,
            created_by: row.created_by,
            lifted: row.lifted_at.map(|at| Lifted { at, by: row.lifted_by, why: row.lifted_why }),
        }
    }
}

/// Suppresses an address by staff's word or from a list. An equal entry that stands already is enough.
pub async fn add(
    db: &Database,
    keys: &MasterKeys,
    new: &New<'_>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Suppression, DbErr> {
    let hashes = AddressHasher::new(keys).all(new.email);
    let txn = db.begin().await?;
    // A person on file may lack the newest hash: then the entry would pass them by.
    let person = subscriber::Entity::find().filter(subscriber::Column::Email.eq(new.email.clone()));
    if let Some(person) = person.lock(ACT).one(&txn).await? {
        put_hashes(&txn, person.id, &hashes).await?;
    }
    let (brand, reason, origin) = (new.brand, new.reason.into(), Origin::default());
    let entry = Entry { hashes: &hashes, brand, reason, detail: new.detail, origin, actor };
    let row = put(&txn, entry, now).await?.ok_or_else(|| DbErr::RecordNotInserted)?;
    txn.commit().await?;
    Ok(row.into())
}

/// What is to be suppressed: an address by all its hashes, of which the newest is written down.
pub(crate) struct Entry<'a> {
    pub(crate) hashes: &'a [AddressHash],
    pub(crate) brand: Option<BrandId>,
    pub(crate) reason: Reason,
    pub(crate) detail: &'a str,
    pub(crate) origin: Origin,
    pub(crate) actor: &'a Actor,
}

/// Writes an entry unless an equal one stands; none if there is no hash to write.
pub(crate) async fn put(
    conn: &impl ConnectionTrait,
    entry: Entry<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Model>, DbErr> {
    let equal = active(entry.hashes).filter(Column::Reason.eq(entry.reason)).filter(match entry.brand {
        Some(brand) => Column::BrandId.eq(brand),
        None => Column::BrandId.is_null(),
    });
    if let Some(row) = equal.one(conn).await? {
        return Ok(Some(row));
    }
    let Some(newest) = entry.hashes.iter().max_by_key(|hash| hash.generation) else { return Ok(None) };
    let row = fresh(&entry, newest, now);
    Entity::insert(row).exec_with_returning(conn).await.map(Some)
}

/// The row of an entry under one of its hashes.
pub(super) fn fresh(entry: &Entry<'_>, hash: &AddressHash, now: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        id: Set(SuppressionId::new(now)),
        scheme: Set(SCHEME),
        generation: Set(hash.generation),
        hash: Set(hash.hash.clone()),
        brand_id: Set(entry.brand),
        reason: Set(entry.reason),
        detail: Set(entry.detail.to_owned()),
        created_at: Set(now),
        created_by: Set(entry.actor.clone()),
        lifted_at: Set(None),
        lifted_by: Set(None),
        lifted_why: Set(None),
        mailing_no: Set(entry.origin.delivery.map(|key| key.mailing)),
        ordinal: Set(entry.origin.delivery.map(|key| key.ordinal)),
        returned_mail_id: Set(entry.origin.returned_mail),
    }
}

/// Lifts what a double opt-in lifts for this person.
pub(crate) async fn lift_by_opt_in(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let hashes = hashes_of(conn, subscriber).await?;
    let which = Condition::all().add(held_by(&hashes)).add(Column::Reason.is_in(Reason::lifted_by_opt_in()));
    put_lifted(conn, which, Some("double opt-in"), actor, now).await
}

pub(super) async fn put_lifted(
    conn: &impl ConnectionTrait,
    which: Condition,
    why: Option<&str>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let lifted = ActiveModel {
        lifted_at: Set(Some(now)),
        lifted_by: Set(Some(actor.clone())),
        lifted_why: Set(why.map(str::to_owned)),
        ..ActiveModel::default()
    };
    Entity::update_many().set(lifted).filter(which).filter(Column::LiftedAt.is_null()).exec(conn).await?;
    Ok(())
}

/// Takes an erased person out of the entries for their address: what staff wrote about it, by
/// whose own act it came, and which of their mails it came of.
pub(crate) async fn forget(
    conn: &impl ConnectionTrait,
    hashes: &[AddressHash],
    email: &EmailAddress,
) -> Result<(), DbErr> {
    let mentions = |text: &str| text.to_lowercase().contains(email.as_str());
    for row in Entity::find().filter(held_by(hashes)).all(conn).await? {
        let themselves = matches!(row.lifted_by, Some(Actor::Subscriber(_)));
        let scrubbed = ActiveModel {
            detail: Set(if mentions(&row.detail) { String::new() } else { row.detail }),
            lifted_why: Set(row.lifted_why.filter(|why| !mentions(why))),
            lifted_by: Set(if themselves { Some(Actor::System) } else { row.lifted_by }),
            mailing_no: Set(None),
            ordinal: Set(None),
            returned_mail_id: Set(None),
            ..ActiveModel::default()
        };
        Entity::update_many().set(scrubbed).filter(Column::Id.eq(row.id)).exec(conn).await?;
    }
    Ok(())
}

/// The entry with this id.
pub async fn find(conn: &impl ConnectionTrait, id: SuppressionId) -> Result<Option<Suppression>, DbErr> {
    Ok(Entity::find_by_id(id).one(conn).await?.map(Suppression::from))
}

/// What stands against an address now, whether or not it is on file.
pub async fn active_for(
    conn: &impl ConnectionTrait,
    keys: &MasterKeys,
    email: &EmailAddress,
) -> Result<Vec<Suppression>, DbErr> {
    active_by_hash(conn, &AddressHasher::new(keys).all(email)).await
}

/// What stands against a person on file now.
pub async fn active_for_subscriber(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
) -> Result<Vec<Suppression>, DbErr> {
    active_by_hash(conn, &hashes_of(conn, subscriber).await?).await
}

/// What stands against these hashes for every brand or for one of `brands`: the oldest entry for each hash.
pub(crate) async fn oldest_by_hash(
    conn: &impl ConnectionTrait,
    hashes: &[AddressHash],
    brands: &[BrandId],
) -> Result<HashMap<Vec<u8>, (SuppressionId, Reason)>, DbErr> {
    let reaches = Condition::any().add(Column::BrandId.is_null()).add(Column::BrandId.is_in(brands.iter().copied()));
    let mut oldest = HashMap::new();
    for hashes in hashes.chunks(AT_ONCE) {
        for row in active(hashes).filter(reaches.clone()).order_by_asc(Column::Id).all(conn).await? {
            oldest.entry(row.hash).or_insert((row.id, row.reason));
        }
    }
    Ok(oldest)
}

async fn active_by_hash(conn: &impl ConnectionTrait, hashes: &[AddressHash]) -> Result<Vec<Suppression>, DbErr> {
    let rows = active(hashes).order_by_asc(Column::Id).all(conn).await?;
    Ok(rows.into_iter().map(Suppression::from).collect())
}

/// Entries by age, beginning behind `after`.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<SuppressionId>,
    limit: u64,
) -> Result<Vec<Suppression>, DbErr> {
    let rows = Entity::find().filter(matching(filter, after)).order_by_asc(Column::Id).limit(limit).all(conn).await?;
    Ok(rows.into_iter().map(Suppression::from).collect())
}

/// Entries that are asked for, behind `after`.
pub(super) fn matching(filter: &Filter, after: Option<SuppressionId>) -> Condition {
    Condition::all()
        .add_option(filter.brand.map(|brand| Column::BrandId.eq(brand)))
        .add_option(filter.reason.map(|reason| Column::Reason.eq(reason)))
        .add_option((!filter.lifted).then(|| Column::LiftedAt.is_null()))
        .add_option(after.map(|after| Column::Id.gt(after)))
}

/// Entries for one of these hashes that stand.
fn active(hashes: &[AddressHash]) -> Select<Entity> {
    Entity::find().filter(held_by(hashes)).filter(Column::LiftedAt.is_null())
}

/// Entries that one of these hashes matches. Two generations never give one hash, so it needs no generation beside it.
fn held_by(hashes: &[AddressHash]) -> Condition {
    Condition::all().add(Column::Hash.is_in(hashes.iter().map(|hash| hash.hash.clone())))
}
