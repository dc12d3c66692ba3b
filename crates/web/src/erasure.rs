//! Forgetting a person: what came back about them, then they themselves.

use accounts::{audit, idempotency};
use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, SubscriberId};
use subscribers::Error;

/// Erases a person from every table that knows them.
///
/// Returned mail, kept answers of the API and the audit log come first, while the address is still known: if it dies in
/// between, the person is still on file and the act can be done again.
pub async fn erase(db: &Database, id: SubscriberId, actor: &Actor, now: DateTime<Utc>) -> Result<(), Error> {
    let person = subscribers::find(db.reader(), id).await?.ok_or(Error::NotFound(id))?;
    feedback::forget(db, Some(id), &person.email).await?;
    idempotency::forget(db.writer(), &id.to_string()).await?;
    audit::forget(db.writer(), &format!("subscriber:{id}"), "subscriber").await?;
    subscribers::erase(db, id, actor, now).await?;
    Ok(())
}
