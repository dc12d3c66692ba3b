use aws_lc_rs::rand;
use chrono::{DateTime, SubsecRound, Utc};
use domain::{Actor, BrandId, ConsentEventId, EmailAddress, FormVersionId, OptInId, SubscriberId, TopicId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};

use super::proof::evidence_digest;
use super::{Act, Digest, Proof};
use crate::entity::consent_event::{ActiveModel, Entity};
use crate::private::Private;
use crate::{Basis, Evidence, Source};

/// Why the ledger took no entry.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The machine gave no random bytes for the salt.
    #[error("the machine gives no random bytes")]
    Randomness,
    /// The evidence cannot be written as JSON.
    #[error("the evidence cannot be written")]
    Evidence(#[from] serde_json::Error),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

/// What is to be recorded.
pub(crate) struct Entry<'a> {
    pub(crate) act: Act,
    pub(crate) subscriber: SubscriberId,
    pub(crate) email: &'a EmailAddress,
    pub(crate) brand: BrandId,
    /// None where it is about the brand, such as consent to being counted.
    pub(crate) topic: Option<TopicId>,
    /// The form version that the person saw, and the digest of it.
    pub(crate) form: Option<(FormVersionId, Digest)>,
    pub(crate) opt_in: Option<OptInId>,
    pub(crate) basis: Option<Basis>,
    pub(crate) source: Option<Source>,
    pub(crate) note: Option<&'a str>,
    pub(crate) actor: &'a Actor,
    pub(crate) evidence: &'a Evidence,
}

/// How many entries a statement takes: SQLite knows 32,766 parameters, PostgreSQL 65,535.
const AT_ONCE: usize = 1_000;

/// Appends an entry, in the transaction of the act itself. The sealer puts it into the chain.
pub(crate) async fn record(
    conn: &impl ConnectionTrait,
    entry: Entry<'_>,
    now: DateTime<Utc>,
) -> Result<(), RecordError> {
    Entity::insert(row(&entry, now)?).exec_without_returning(conn).await?;
    Ok(())
}

/// Appends many entries, likewise.
pub(crate) async fn record_all(
    conn: &impl ConnectionTrait,
    entries: &[Entry<'_>],
    now: DateTime<Utc>,
) -> Result<(), RecordError> {
    for entries in entries.chunks(AT_ONCE) {
        let rows: Vec<ActiveModel> = entries.iter().map(|entry| row(entry, now)).collect::<Result<_, _>>()?;
        Entity::insert_many(rows).exec_without_returning(conn).await?;
    }
    Ok(())
}

fn row(entry: &Entry<'_>, now: DateTime<Utc>) -> Result<ActiveModel, RecordError> {
    let proof = Proof {
        actor: entry.actor.clone(),
        email: entry.email.clone(),
        ip: entry.evidence.ip,
        note: entry.note.map(str::to_owned),
        opt_in: entry.opt_in,
        source: entry.source.map(|source| source.to_string()),
        subscriber: entry.subscriber,
        user_agent: entry.evidence.kept_user_agent(),
        words: entry.form.as_ref().map(|(_, words)| words.to_string()),
    };
    let evidence = proof.to_canonical()?;
    let salt = fresh_salt()?;
    Ok(ActiveModel {
        id: Set(ConsentEventId::new(now)),
        seq: Set(None),
        // Finer than either database keeps it, it would be hashed as something else than is read back.
        at: Set(now.trunc_subsecs(6)),
        act: Set(entry.act),
        brand_id: Set(entry.brand),
        topic_id: Set(entry.topic),
        form_version_id: Set(entry.form.map(|(id, _)| id)),
        basis: Set(entry.basis),
        actor_kind: Set(kind(entry.actor)),
        subscriber_id: Set(Some(entry.subscriber)),
        salt: Set(Some(salt.to_vec())),
        evidence_digest: Set(evidence_digest(&salt, &evidence).bytes().to_vec()),
        evidence: Set(Some(Private(evidence))),
    })
}

/// Notes for a brand that somebody was erased. It says neither who nor how many entries were theirs.
pub(crate) async fn record_erasure(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), RecordError> {
    let row = ActiveModel {
        id: Set(ConsentEventId::new(now)),
        seq: Set(None),
        at: Set(now.trunc_subsecs(6)),
        act: Set(Act::Erased),
        brand_id: Set(brand),
        topic_id: Set(None),
        form_version_id: Set(None),
        basis: Set(None),
        actor_kind: Set(kind(actor)),
        subscriber_id: Set(None),
        salt: Set(None),
        evidence: Set(None),
        evidence_digest: Set(evidence_digest(&fresh_salt()?, "").bytes().to_vec()),
    };
    Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

fn fresh_salt() -> Result<[u8; 32], RecordError> {
    let mut salt = [0; 32];
    rand::fill(&mut salt).map_err(|_| RecordError::Randomness)?;
    Ok(salt)
}

/// What kind of actor it was: the part that names nobody.
pub(super) fn kind(actor: &Actor) -> String {
    let text = actor.to_string();
    text.split(':').next().unwrap_or_default().to_owned()
}
