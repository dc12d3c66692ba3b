use database::sql;
use domain::{DeliveryKey, EmailAddress, MailingNo, Ordinal, SubscriberId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use crate::Error;
use crate::change::{self, Change};
use crate::counts::COMMON_SHARD;
use crate::state::Event;

/// Erases a person from the queue: what waits is skipped, and what was sent no longer says to whom, nor what the relay said.
/// In the caller's transaction.
pub async fn forget(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<(), Error> {
    erase(conn, "subscriber_id", subscriber.into()).await
}

/// Erases what was sent to an address without naming a person, such as test mails. In the caller's transaction.
pub async fn forget_address(conn: &impl ConnectionTrait, address: &EmailAddress) -> Result<(), Error> {
    erase(conn, "recipient", address.clone().into()).await
}

/// The deliveries to a person, for whoever keeps something about them and is to forget it.
pub async fn keys_of(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<Vec<DeliveryKey>, DbErr> {
    keys(conn, "subscriber_id", subscriber.into()).await
}

async fn keys(conn: &impl ConnectionTrait, column: &str, whom: Value) -> Result<Vec<DeliveryKey>, DbErr> {
    let find = format!("SELECT mailing_no, ordinal FROM deliveries WHERE {column} = $1");
    let rows: Vec<Row> = sql::all(conn, &find, [whom]).await?;
    Ok(rows.iter().map(|row| DeliveryKey::new(row.mailing_no, row.ordinal)).collect())
}

#[derive(FromQueryResult)]
struct Row {
    mailing_no: MailingNo,
    ordinal: Ordinal,
}

async fn erase(conn: &impl ConnectionTrait, column: &str, whom: Value) -> Result<(), Error> {
    let keys = keys(conn, column, whom.clone()).await?;
    let changes: Vec<Change> = change::lock(conn, keys.into_iter())
        .await?
        .values()
        .filter_map(|row| {
            let to = row.state.after(Event::Skip).ok()?;
            Some(Change { why: Some("erased".to_owned()), ..Change::new(row.key(), row.state, to) })
        })
        .collect();
    change::count(conn, COMMON_SHARD, &changes).await?;
    let words = format!(
        "UPDATE attempts SET reply = '' WHERE (mailing_no, ordinal) IN \
             (SELECT d.mailing_no, d.ordinal FROM deliveries d WHERE d.{column} = $1)"
    );
    sql::execute(conn, &words, [whom.clone()]).await?;
    let unlink =
        format!("UPDATE deliveries SET subscriber_id = NULL, recipient = NULL, data = NULL WHERE {column} = $1");
    sql::execute(conn, &unlink, [whom]).await?;
    Ok(())
}
