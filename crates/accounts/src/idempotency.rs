//! `Idempotency-Key`: a request that is sent twice under one key is carried out once and answered twice, for a day.
//!
//! ```text
//! begin  ─► Fresh      the handler works, then finish with its answer, or abandon if certainly nothing was done
//!        ─► Finished   the answer is given again
//!        ─► Refused    in progress, nobody knows what became of it, or another request used the key
//! ```
//!
//! A request that failed when it may have been committed is finished with that failure, and one whose process died, or lost the
//! database, before `finish` is at work for a minute. After that nobody knows whether it was carried out, until its day is over: a
//! second time is worse than a question.

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Duration, Utc};
use domain::TokenId;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Statement};

use crate::entity::idempotency_key::{Column, Entity};

/// How long a key is remembered.
pub const KEPT_FOR: Duration = Duration::days(1);

/// For so long a request without an answer counts as at work. One that takes longer still may finish: then its answer is known.
pub const AT_WORK: Duration = Duration::seconds(60);

/// How a request stands that came with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the first: carry it out.
    Fresh,
    /// It was carried out before, with this answer.
    Finished {
        /// The status of the answer.
        status: u16,
        /// Its body.
        body: String,
        /// Its `ETag`, if it had one.
        etag: Option<String>,
    },
}

/// Why a request is not to be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The key cannot be kept.
    #[error("an idempotency key has 1 to 255 visible ASCII characters")]
    Key,
    /// The key belongs to another request.
    #[error("this idempotency key was used for a different request")]
    OtherRequest,
    /// The first one is not through.
    #[error("a request with this idempotency key is still in progress")]
    InProgress,
    /// The first one came to no answer, and may have been carried out.
    #[error(
        "it is not known whether the first request with this idempotency key was carried out: look at what it was to make or \
         change, and only if that is not so send it again, under another key"
    )]
    Unknown,
    /// The database did not say.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// What tells a repeated request from another one.
pub fn digest(method: &str, path: &str, body: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in [method.as_bytes(), path.as_bytes(), body] {
        // With its length in front, no part can pass for the end of another.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Claims the key for a request, or says how the one that has it stands.
pub async fn begin(
    conn: &impl ConnectionTrait,
    token: TokenId,
    key: &str,
    request: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Begun, Refused> {
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Refused::Key);
    }
    // One statement, so that of two at once only one is fresh. A key whose day is over counts as new.
    let sql = "INSERT INTO idempotency_keys (token_id, key, request, created_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (token_id, key) DO UPDATE SET \
                 request = excluded.request, status = NULL, body = NULL, etag = NULL, created_at = excluded.created_at \
               WHERE idempotency_keys.created_at <= $5";
    let values = [token.into(), key.into(), request.to_vec().into(), now.into(), (now - KEPT_FOR).into()];
    let claim = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    if conn.execute_raw(claim).await?.rows_affected() == 1 {
        return Ok(Begun::Fresh);
    }
    let first = Entity::find_by_id((token, key.to_owned())).one(conn).await?;
    // It was there a moment ago; if it is gone, whoever had it has just given it up and the client may try again.
    let first = first.ok_or(Refused::InProgress)?;
    if first.request != request {
        return Err(Refused::OtherRequest);
    }
    match (first.status.map(u16::try_from), first.body) {
        // No answer is a failure of ours, or it would be given up: it says only that the request is through.
        (Some(Ok(500..)), _) => Err(Refused::Unknown),
        (Some(Ok(status)), Some(body)) => Ok(Begun::Finished { status, body, etag: first.etag }),
        _ if first.created_at <= now - AT_WORK => Err(Refused::Unknown),
        _ => Err(Refused::InProgress),
    }
}

/// Keeps the answer for whoever asks again. With a status of 500 or more whoever asks again hears that the outcome is unknown.
pub async fn finish(
    conn: &impl ConnectionTrait,
    token: TokenId,
    key: &str,
    status: u16,
    body: &str,
    etag: Option<&str>,
) -> Result<(), DbErr> {
    let sql = "UPDATE idempotency_keys SET status = $3, body = $4, etag = $5 \
               WHERE token_id = $1 AND key = $2 AND status IS NULL";
    let values = [token.into(), key.into(), i32::from(status).into(), body.into(), etag.into()];
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await.map(drop)
}

/// Gives the key up that was claimed at this time, after a request that certainly did nothing, so that it may be sent again under
/// the same key. By the time, because somebody else may have claimed it since.
pub async fn abandon(
    conn: &impl ConnectionTrait,
    token: TokenId,
    key: &str,
    claimed_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let unfinished = Entity::delete_many()
        .filter(Column::TokenId.eq(token))
        .filter(Column::Key.eq(key))
        .filter(Column::CreatedAt.eq(claimed_at))
        .filter(Column::Status.is_null());
    unfinished.exec(conn).await.map(drop)
}

/// Empties the answers that hold a word, such as a person's id or address, in whatever case. Says how many.
///
/// The keys stay: without them a request that is sent again would bring back who was just erased.
pub async fn forget(conn: &impl ConnectionTrait, word: &str) -> Result<u64, DbErr> {
    // Unlike LIKE, REPLACE takes a word as it is. An answer may repeat an address as it was typed.
    let sql = "UPDATE idempotency_keys SET body = '' WHERE REPLACE(LOWER(body), LOWER($1), '') <> LOWER(body)";
    let emptied = Statement::from_sql_and_values(conn.get_database_backend(), sql, [word.into()]);
    Ok(conn.execute_raw(emptied).await?.rows_affected())
}

/// Removes the keys whose day is over. Says how many.
pub async fn sweep(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let over = Entity::delete_many().filter(Column::CreatedAt.lte(now - KEPT_FOR));
    Ok(over.exec(conn).await?.rows_affected)
}
