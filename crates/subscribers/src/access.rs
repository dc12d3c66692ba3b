//! Single-use links, mailed to the address itself: whoever follows one reads that mailbox, and may see and erase.

use chrono::{DateTime, Utc};
use database::Database;
use domain::{AccessId, BrandId, EmailAddress, SubscriberId};
use sea_orm::ConnectionTrait;

use crate::Error;

/// For how many minutes a link is good.
pub const MINUTES: i64 = 30;

/// What a link opens.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Whose data.
    pub subscriber: SubscriberId,
    /// On which brand's page.
    pub brand: BrandId,
    /// The next single-use link, for the page's own buttons; it ends when the mailed one would have.
    pub next: AccessId,
}

/// Why a link opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// There is none, or the person is gone.
    #[error("there is no such link")]
    NotFound,
    /// Its half hour is over.
    #[error("the link is older than half an hour")]
    Expired,
    /// It was used.
    #[error("the link was used already")]
    Used,
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

/// Mails a link to the address if it is on file; says nothing about whether it is.
pub async fn request(db: &Database, email: &EmailAddress, brand: BrandId, now: DateTime<Utc>) -> Result<(), Error> {
    let _ = (db, email, brand, now);
    todo!()
}

/// Looks at a link without using it up.
pub async fn open(conn: &impl ConnectionTrait, id: AccessId, now: DateTime<Utc>) -> Result<BrandId, RedeemError> {
    let _ = (conn, id, now);
    todo!()
}

/// Uses a link up.
pub async fn redeem(db: &Database, id: AccessId, now: DateTime<Utc>) -> Result<Visit, RedeemError> {
    let _ = (db, id, now);
    todo!()
}
