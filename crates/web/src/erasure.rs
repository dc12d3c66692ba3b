//! Forgetting a person: what came back about them, then they themselves.

use accounts::idempotency;
use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, SubscriberId};
use subscribers::Error;

/// Erases a person from every table that knows them.
///
/// Returned mail and kept answers of the API are emptied first, while the address is still known: if the program dies in
/// between, the person is still on file and the act can be done again.
pub async fn erase(db: &Database, id: SubscriberId, actor: &Actor, now: DateTime<Utc>) -> Result<(), Error> {
    let person = subscribers::find(db.reader(), id).await?.ok_or(Error::NotFound(id))?;
    feedback::forget(db, Some(id), &person.email).await?;
    // An answer may quote the address without the id, such as of a suppression that was added by hand.
    for word in [id.to_string().as_str(), person.email.as_str()] {
        idempotency::forget(db.writer(), word).await?;
    }
    subscribers::erase(db, id, actor, now).await?;
    Ok(())
}
