use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, EmailAddress, MasterKeys, SubscriberId};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Entry, Whom};
use crate::entity::subscriber;
use crate::entity::suppression::{ActiveModel, Column, Entity as Suppressions};
use crate::health::ACT;
use crate::suppression::people::{AT_ONCE, put_hashes_of_all};
use crate::suppression::store::{self, fresh};
use crate::suppression::{AddressHash, AddressHasher, Origin, Reason};

/// A transaction's worth of a list. Each question is asked for all of it at once.
pub(super) struct Chunk<'a> {
    pub(super) keys: &'a MasterKeys,
    pub(super) actor: &'a Actor,
    pub(super) dry_run: bool,
    pub(super) now: DateTime<Utc>,
}

/// An entry with the hashes by which it may be known.
struct Hashed {
    entry: Entry,
    hashes: Vec<AddressHash>,
}

/// What an equal entry would have, too.
type Same = (Option<BrandId>, Reason);

impl Chunk<'_> {
    /// Adds what does not stand, and says how many are new and how many stood already.
    pub(super) async fn bring(
        &self,
        conn: &impl ConnectionTrait,
        entries: Vec<Entry>,
        said: &mut HashSet<u128>,
    ) -> Result<(u64, u64), DbErr> {
        let hasher = AddressHasher::new(self.keys);
        let hashed = |entry: Entry| {
            let hashes = match &entry.whom {
                Whom::Address(address) => hasher.all(address),
                Whom::Hash(hash) => vec![hash.clone()],
            };
            Hashed { entry, hashes }
        };
        let entries: Vec<Hashed> = entries.into_iter().map(hashed).collect();
        if !self.dry_run {
            self.complete(conn, &entries).await?;
        }
        let standing = standing(conn, &entries).await?;
        let (mut rows, mut unchanged): (Vec<ActiveModel>, u64) = (Vec::new(), 0);
        for Hashed { entry, hashes } in &entries {
            let same = (entry.brand, entry.reason);
            let stands = hashes.iter().any(|hash| standing.get(&hash.hash).is_some_and(|known| known.contains(&same)));
            let Some(newest) = hashes.iter().max_by_key(|hash| hash.generation) else { continue };
            if !said.insert(key(&newest.hash, same)) || stands {
                unchanged += 1;
                continue;
            }
            let (brand, reason, detail, origin) = (entry.brand, entry.reason, &*entry.detail, Origin::default());
            let entry = store::Entry { hashes, brand, reason, detail, origin, actor: self.actor };
            rows.push(fresh(&entry, newest, self.now));
        }
        let added = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if !self.dry_run && !rows.is_empty() {
            Suppressions::insert_many(rows).exec_without_returning(conn).await?;
        }
        Ok((added, unchanged))
    }

    /// Gives people on file the hashes that they lack since the key was rotated: the entry would pass them by.
    async fn complete(&self, conn: &impl ConnectionTrait, entries: &[Hashed]) -> Result<(), DbErr> {
        let hashes = |hashed: &Hashed| match &hashed.entry.whom {
            Whom::Address(address) => Some((address.clone(), hashed.hashes.clone())),
            Whom::Hash(_) => None,
        };
        let hashes: HashMap<EmailAddress, Vec<AddressHash>> = entries.iter().filter_map(hashes).collect();
        if hashes.is_empty() {
            return Ok(());
        }
        let people: Vec<(SubscriberId, EmailAddress)> = subscriber::Entity::find()
            .select_only()
            .columns([subscriber::Column::Id, subscriber::Column::Email])
            .filter(subscriber::Column::Email.is_in(hashes.keys().cloned()))
            .order_by_asc(subscriber::Column::Id)
            .lock(ACT)
            .into_tuple()
            .all(conn)
            .await?;
        let mut lacking = Vec::new();
        for (id, email) in &people {
            lacking.extend(hashes.get(email).into_iter().flatten().map(|hash| (*id, hash)));
        }
        put_hashes_of_all(conn, lacking).await
    }
}

/// What stands against these hashes.
async fn standing(conn: &impl ConnectionTrait, entries: &[Hashed]) -> Result<HashMap<Vec<u8>, HashSet<Same>>, DbErr> {
    let hashes: Vec<&AddressHash> = entries.iter().flat_map(|hashed| &hashed.hashes).collect();
    let mut standing: HashMap<Vec<u8>, HashSet<Same>> = HashMap::new();
    for hashes in hashes.chunks(AT_ONCE) {
        let rows: Vec<(Vec<u8>, Option<BrandId>, Reason)> = Suppressions::find()
            .select_only()
            .columns([Column::Hash, Column::BrandId, Column::Reason])
            .filter(Column::Hash.is_in(hashes.iter().map(|hash| hash.hash.clone())))
            .filter(Column::LiftedAt.is_null())
            .into_tuple()
            .all(conn)
            .await?;
        for (hash, brand, reason) in rows {
            standing.entry(hash).or_default().insert((brand, reason));
        }
    }
    Ok(standing)
}

/// By what an entry is known when the list says it again. Half of a digest: a list of millions fits in memory.
fn key(hash: &[u8], (brand, reason): Same) -> u128 {
    let brand = brand.map(|brand| brand.to_string()).unwrap_or_default();
    let digest = digest(&SHA256, &[hash, brand.as_bytes(), b"\n", reason.to_string().as_bytes()].concat());
    digest.as_ref().iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte))
}
