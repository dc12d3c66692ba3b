use database::Database;
use domain::{KeyId, MasterKeys, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{AddressHash, AddressHasher};
use crate::entity::suppression::{Column, Entity};
use crate::entity::{subscriber, subscriber_hash};
use crate::health::ACT;

/// How many hashes a statement takes: SQLite knows 32,766 parameters, PostgreSQL 65,535.
pub(super) const AT_ONCE: usize = 5_000;

/// Gives people on file the hashes that they lack since the key was rotated: `limit` of them, beginning behind `after`.
/// Says who was the last; none when all are done.
pub async fn rehash(
    db: &Database,
    keys: &MasterKeys,
    after: Option<SubscriberId>,
    limit: u64,
) -> Result<Option<SubscriberId>, DbErr> {
    let hasher = AddressHasher::new(keys);
    let txn = db.begin().await?;
    let people = subscriber::Entity::find()
        .filter(Condition::all().add_option(after.map(|after| subscriber::Column::Id.gt(after))))
        .order_by_asc(subscriber::Column::Id)
        .limit(limit)
        .lock(ACT)
        .all(&txn)
        .await?;
    for person in &people {
        put_hashes(&txn, person.id, &hasher.all(&person.email)).await?;
    }
    txn.commit().await?;
    Ok(people.last().map(|person| person.id))
}

/// Generations that standing entries were hashed under and that are not among the keys (any more), with their numbers:
/// these entries no longer stop anybody new. The lines must be put back.
pub async fn unreadable(conn: &impl ConnectionTrait, keys: &MasterKeys) -> Result<Vec<(KeyId, i64)>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Generation)
        .column_as(Column::Id.count(), "entries")
        .filter(Column::LiftedAt.is_null())
        .filter(Column::Generation.is_not_in(keys.generations()))
        .group_by(Column::Generation)
        .order_by_asc(Column::Generation)
        .into_tuple()
        .all(conn)
        .await
}

/// The hashes of a person on file.
pub(crate) async fn hashes_of(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
) -> Result<Vec<AddressHash>, DbErr> {
    let rows = subscriber_hash::Entity::find().filter(subscriber_hash::Column::SubscriberId.eq(subscriber));
    let rows = rows.all(conn).await?;
    Ok(rows.into_iter().map(|row| AddressHash { generation: row.generation, hash: row.hash }).collect())
}

/// Writes the hashes that a person lacks.
pub(crate) async fn put_hashes(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    hashes: &[AddressHash],
) -> Result<(), DbErr> {
    put_hashes_of_all(conn, hashes.iter().map(|hash| (subscriber, hash))).await
}

/// Writes the hashes that these people lack.
pub(crate) async fn put_hashes_of_all(
    conn: &impl ConnectionTrait,
    hashes: impl IntoIterator<Item = (SubscriberId, &AddressHash)>,
) -> Result<(), DbErr> {
    let rows: Vec<_> = hashes
        .into_iter()
        .map(|(subscriber, hash)| subscriber_hash::ActiveModel {
            subscriber_id: Set(subscriber),
            generation: Set(hash.generation),
            hash: Set(hash.hash.clone()),
        })
        .collect();
    for rows in rows.chunks(AT_ONCE) {
        subscriber_hash::Entity::insert_many(rows.iter().cloned())
            .on_conflict_do_nothing_on([subscriber_hash::Column::SubscriberId, subscriber_hash::Column::Generation])
            .exec_without_returning(conn)
            .await?;
    }
    Ok(())
}
