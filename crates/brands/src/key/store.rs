use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD_NOCASE;
use database::Database;
use domain::{Actor, DkimKeyId, InvalidAddress, MasterKeys, SealError, mail_domain};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use secrecy::ExposeSecret;

use super::{Algorithm, KeyInfo, SigningKey};
use crate::entity::dkim_key::{ActiveModel, Column, Entity, Model};

/// Why something could not be done with a DKIM key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none that still signs.
    #[error("there is no DKIM key {0} that still signs")]
    NotFound(DkimKeyId),
    /// Nothing can be signed for such a domain.
    #[error("{0:?} is not a domain to sign for; one looks like example.com")]
    Domain(String, #[source] InvalidAddress),
    /// The machine's cryptography failed.
    #[error("no {0} key could be made")]
    Generate(Algorithm),
    /// The private part cannot be sealed or opened.
    #[error("the DKIM key {id} is out of reach")]
    Sealed {
        /// The key.
        id: DkimKeyId,
        /// Why.
        #[source]
        source: SealError,
    },
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Makes a key for a domain; from now on it signs.
///
/// It wants the database and not a transaction: an RSA key takes a good part of a second to make.
pub async fn create(
    db: &Database,
    keys: &MasterKeys,
    domain: &str,
    algorithm: Algorithm,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<KeyInfo, KeyError> {
    let domain = mail_domain(domain).map_err(|why| KeyError::Domain(domain.to_owned(), why))?;
    let pair = tokio::task::spawn_blocking(move || algorithm.generate())
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(KeyError::Generate(algorithm))?;
    let id = DkimKeyId::new(now);
    let sealed =
        keys.seal(&name(id), pair.private.expose_secret()).map_err(|source| KeyError::Sealed { id, source })?;
    let row = ActiveModel {
        id: Set(id),
        domain: Set(domain),
        selector: Set(selector(id, algorithm, now)),
        algorithm: Set(algorithm),
        sealed: Set(sealed),
        public: Set(pair.public),
        created_at: Set(now),
        created_by: Set(actor.clone()),
        retired_at: Set(None),
        retired_by: Set(None),
    };
    Ok(row.insert(db.writer()).await?.into())
}

/// The keys that sign for a domain, RSA first, the newest first within each.
pub async fn active(conn: &impl ConnectionTrait, keys: &MasterKeys, domain: &str) -> Result<Vec<SigningKey>, KeyError> {
    let rows = Entity::find()
        .filter(Column::Domain.eq(domain))
        .filter(Column::RetiredAt.is_null())
        .order_by_desc(Column::Algorithm)
        .order_by_desc(Column::Id)
        .all(conn)
        .await?;
    rows.into_iter().map(|row| open(keys, row)).collect()
}

/// Every key, retired ones too, by domain and age; of one domain if it is given.
pub async fn list(conn: &impl ConnectionTrait, domain: Option<&str>) -> Result<Vec<KeyInfo>, KeyError> {
    let mut select = Entity::find().order_by_asc(Column::Domain).order_by_asc(Column::Id);
    if let Some(domain) = domain {
        select = select.filter(Column::Domain.eq(domain));
    }
    Ok(select.all(conn).await?.into_iter().map(KeyInfo::from).collect())
}

/// Ends a key's signing. Its record should stay published for a week.
pub async fn retire(
    conn: &impl ConnectionTrait,
    id: DkimKeyId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), KeyError> {
    let row = ActiveModel { retired_at: Set(Some(now)), retired_by: Set(Some(actor.clone())), ..Default::default() };
    let retired =
        Entity::update_many().set(row).filter(Column::Id.eq(id)).filter(Column::RetiredAt.is_null()).exec(conn).await?;
    if retired.rows_affected == 0 { Err(KeyError::NotFound(id)) } else { Ok(()) }
}

/// Seals every key that signs again under the current master key, after which an older generation may be taken out. Says how
/// many. A retired key never signs again, so it does not stand in the way where its master key is lost.
pub async fn reseal(db: &Database, keys: &MasterKeys) -> Result<u64, KeyError> {
    let mut resealed = 0;
    let signing = Entity::find().filter(Column::RetiredAt.is_null()).order_by_asc(Column::Id);
    for row in signing.all(db.reader()).await? {
        if MasterKeys::sealed_under(&row.sealed) == Some(keys.current()) {
            continue;
        }
        let (id, old) = (row.id, row.sealed.clone());
        let key = open(keys, row)?;
        let sealed =
            keys.seal(&name(id), key.private.expose_secret()).map_err(|source| KeyError::Sealed { id, source })?;
        // Two that reseal at once both write something that opens; the first stands.
        let done = Entity::update_many()
            .set(ActiveModel { sealed: Set(sealed), ..Default::default() })
            .filter(Column::Id.eq(id))
            .filter(Column::Sealed.eq(old))
            .exec(db.writer())
            .await?;
        resealed += done.rows_affected;
    }
    Ok(resealed)
}

fn open(keys: &MasterKeys, row: Model) -> Result<SigningKey, KeyError> {
    let private = keys.open(&name(row.id), &row.sealed).map_err(|source| KeyError::Sealed { id: row.id, source })?;
    Ok(SigningKey { private, info: row.into() })
}

/// What a private part is bound to: put into another key's row, it does not open.
fn name(id: DkimKeyId) -> String {
    format!("dkim/{id}")
}

/// A selector that says what and when, with five letters of the id's random part so that two of one day differ.
fn selector(id: DkimKeyId, algorithm: Algorithm, now: DateTime<Utc>) -> String {
    let [.., a, b, c] = id.to_bytes();
    let letters = BASE32_NOPAD_NOCASE.encode(&[a, b, c]).to_ascii_lowercase();
    format!("{}-{}-{letters}", algorithm.key_type(), now.format("%Y%m%d"))
}
