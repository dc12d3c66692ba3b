use chrono::{DateTime, Duration, Utc};
use database::Database;
use domain::{Actor, TokenId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Caller;
use super::secret::{generate, hash, is_well_formed};
use crate::entity::api_token::{ActiveModel, Column, Entity, Model};
use crate::{Scopes, audit};

/// How exactly the last use is known: writing it down with each request would have readers wait for the one writer.
const USE_IS_NOTED_EVERY: Duration = Duration::minutes(1);

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// When it stops working.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// By whom.
    pub revoked_by: Option<Actor>,
}

/// Why something could not be done with a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none that still works.
    #[error("there is no token {0} that still works")]
    NotFound(TokenId),
    /// Nobody would know what it is for.
    #[error("a token needs a name of 1 to 100 characters")]
    Name,
    /// It could do nothing.
    #[error("a token needs at least one scope")]
    NoScope,
    /// It would never work.
    #[error("a token cannot expire in the past")]
    Expired,
    /// The machine gives no random numbers.
    #[error("no token could be made")]
    Random,
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Why a text lets nobody in. The first three must look the same from outside.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such token, and perhaps it is none at all.
    #[error("there is no such token")]
    Unknown,
    /// Its time is over.
    #[error("token {0} has expired")]
    Expired(TokenId),
    /// Somebody ended it.
    #[error("token {0} was revoked")]
    Revoked(TokenId),
    /// The database did not say.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Makes a token. Its text is given here and never again.
pub async fn create(
    db: &Database,
    name: &str,
    scopes: &Scopes,
    expires_at: Option<DateTime<Utc>>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(ApiToken, SecretString), Error> {
    let name = name.trim();
    if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Error::Name);
    }
    if scopes.is_empty() {
        return Err(Error::NoScope);
    }
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Error::Expired);
    }
    let secret = generate().map_err(|_| Error::Random)?;
    let id = TokenId::new(now);
    let row = ActiveModel {
        id: Set(id),
        name: Set(name.to_owned()),
        secret_hash: Set(hash(secret.expose_secret())),
        scopes: Set(scopes.clone()),
        created_at: Set(now),
        created_by: Set(actor.clone()),
        expires_at: Set(expires_at),
        last_used_at: Set(None),
        revoked_at: Set(None),
        revoked_by: Set(None),
    };
    let txn = db.begin().await?;
    let made = row.insert(&txn).await?;
    let detail = json!({ "name": name, "scopes": scopes });
    audit::record(&txn, actor, "token.create", &object(id), Some(detail), now).await?;
    txn.commit().await?;
    Ok((made.into(), secret))
}

/// Who has shown this text.
pub async fn authenticate(db: &Database, text: &str, now: DateTime<Utc>) -> Result<Caller, Refused> {
    if !is_well_formed(text) {
        return Err(Refused::Unknown);
    }
    let found = Entity::find().filter(Column::SecretHash.eq(hash(text))).one(db.reader()).await?;
    let row = found.ok_or(Refused::Unknown)?;
    if row.revoked_at.is_some() {
        return Err(Refused::Revoked(row.id));
    }
    if row.expires_at.is_some_and(|at| at <= now) {
        return Err(Refused::Expired(row.id));
    }
    if row.last_used_at.is_none_or(|at| at + USE_IS_NOTED_EVERY <= now) {
        let used = ActiveModel { last_used_at: Set(Some(now)), ..Default::default() };
        let noted = Entity::update_many().set(used).filter(Column::Id.eq(row.id)).exec(db.writer()).await;
        // Whoever only reads is not kept out because the writer is busy.
        if let Err(error) = noted {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(token.id = %row.id, error, "the use of token {} could not be noted", row.id);
        }
    }
    Ok(Caller { token: row.id, name: row.name, scopes: row.scopes })
}

/// The token with this id.
pub async fn find(conn: &impl ConnectionTrait, id: TokenId) -> Result<Option<ApiToken>, DbErr> {
    Ok(Entity::find_by_id(id).one(conn).await?.map(ApiToken::from))
}

/// Every token, the oldest first; those that work no more too.
pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<ApiToken>, DbErr> {
    Ok(Entity::find().order_by_asc(Column::Id).all(conn).await?.into_iter().map(ApiToken::from).collect())
}

/// Ends a token, from the next request on.
pub async fn revoke(db: &Database, id: TokenId, actor: &Actor, now: DateTime<Utc>) -> Result<(), Error> {
    let ended = ActiveModel { revoked_at: Set(Some(now)), revoked_by: Set(Some(actor.clone())), ..Default::default() };
    let txn = db.begin().await?;
    let revoked = Entity::update_many()
        .set(ended)
        .filter(Column::Id.eq(id))
        .filter(Column::RevokedAt.is_null())
        .exec(&txn)
        .await?;
    if revoked.rows_affected == 0 {
        return Err(Error::NotFound(id));
    }
    audit::record(&txn, actor, "token.revoke", &object(id), None, now).await?;
    txn.commit().await?;
    Ok(())
}

fn object(id: TokenId) -> String {
    format!("token:{id}")
}

impl From<Model> for ApiToken {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: row.scopes,
            created_at: row.created_at,
            created_by: row.created_by,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            revoked_by: row.revoked_by,
        }
    }
}
