//! Putting messages into a mailing.

use database::sql;
use domain::{DeliveryKey, EmailAddress, MailboxProvider, MailingNo, Ordinal, SubscriberId};
use sea_orm::sea_query::{PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use crate::counts::{COMMON_SHARD, Deltas};
use crate::{Error, mailing};

/// One message that somebody is to get. It is composed when it is sent.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The person, if on file: the address is then looked up when the message is sent.
    pub subscriber: Option<SubscriberId>,
    /// The address, where it is not (or not only) the subscriber's: a test mail's.
    pub recipient: Option<EmailAddress>,
    /// Who keeps the mailbox.
    pub lane: MailboxProvider,
    /// What the composer of this kind of mail needs to know.
    pub data: serde_json::Value,
}

/// What [`chunk`] has put into the mailing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// How many deliveries.
    pub enqueued: u64,
    /// The last subscriber among them: the next chunk begins behind this one. None where there was nobody left.
    pub last: Option<SubscriberId>,
}

/// Tells the lanes of the mailing `$1` of the `$3` deliveries behind the ordinal `$2`.
///
/// LIMIT keeps the sub-query apart. Otherwise SQLite takes the index that has the lanes in order, and with it the whole
/// mailing, for each chunk again.
pub(crate) const LANES: &str = "INSERT INTO lanes (mailing_no, lane, last) \
     SELECT $1, added.lane, MAX(added.ordinal) FROM ( \
         SELECT lane, ordinal FROM deliveries WHERE mailing_no = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3) AS added \
     GROUP BY added.lane \
     ON CONFLICT (mailing_no, lane) DO UPDATE SET last = excluded.last";

/// Enqueues one message in the caller's transaction: it is sent if that commits.
pub async fn one(conn: &impl ConnectionTrait, mailing: MailingNo, intent: Intent) -> Result<DeliveryKey, Error> {
    let key = DeliveryKey::new(mailing, Ordinal(reserve(conn, mailing, 1).await? + 1));
    let insert = "INSERT INTO deliveries (mailing_no, ordinal, subscriber_id, recipient, lane, data) \
                  VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        key.mailing.into(),
        key.ordinal.into(),
        intent.subscriber.into(),
        intent.recipient.into(),
        intent.lane.clone().into(),
        intent.data.to_string().into(),
    ];
    sql::execute(conn, insert, values).await?;
    let lane = "INSERT INTO lanes (mailing_no, lane, last) VALUES ($1, $2, $3) \
                ON CONFLICT (mailing_no, lane) DO UPDATE SET last = excluded.last";
    sql::execute(conn, lane, [key.mailing.into(), intent.lane.into(), key.ordinal.into()]).await?;
    count(conn, mailing, 1).await?;
    Ok(key)
}

/// Enqueues everybody whom `audience` selects, by one INSERT … SELECT in the caller's transaction.
///
/// `audience` has the columns `subscriber_id` and `lane` and is ordered by `subscriber_id`; the caller bounds it (LIMIT) and
/// lets it begin behind the last chunk's last subscriber.
pub async fn chunk(conn: &impl ConnectionTrait, mailing: MailingNo, audience: SelectStatement) -> Result<Chunk, Error> {
    add(conn, mailing, audience, "").await
}

/// The same, but for those who have a delivery in the mailing already.
pub async fn chunk_of_others(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    audience: SelectStatement,
) -> Result<Chunk, Error> {
    let others = format!(
        "WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.subscriber_id = a.subscriber_id AND d.mailing_no = {mailing})"
    );
    add(conn, mailing, audience, &others).await
}

async fn add(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    audience: SelectStatement,
    which: &str,
) -> Result<Chunk, Error> {
    // The lock on the mailing's row is held from here to the commit: ordinals become visible in their order.
    let base = reserve(conn, mailing, 0).await?;
    let enqueued = insert(conn, mailing, base, audience, which).await?;
    if enqueued == 0 {
        return Ok(Chunk { enqueued: 0, last: None });
    }
    let top = reserve(conn, mailing, enqueued).await? + enqueued;
    sql::execute(conn, LANES, [mailing.into(), base.into(), enqueued.into()]).await?;
    count(conn, mailing, enqueued).await?;
    let last = "SELECT subscriber_id FROM deliveries WHERE mailing_no = $1 AND ordinal = $2";
    let last = sql::row(conn, last, [mailing.into(), top.into()]).await?;
    let last = last.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
    Ok(Chunk { enqueued: enqueued.unsigned_abs(), last })
}

/// Takes so many ordinals and says which one was taken last before them.
async fn reserve(conn: &impl ConnectionTrait, no: MailingNo, rows: i64) -> Result<i64, Error> {
    let sql = "UPDATE mailings SET last_ordinal = last_ordinal + $2 WHERE no = $1 AND state <> 'closed' \
               RETURNING last_ordinal";
    match sql::row(conn, sql, [no.into(), rows.into()]).await? {
        Some(row) => Ok(row.try_get_by_index::<i64>(0)? - rows),
        None if mailing::find(conn, no).await?.is_some() => Err(Error::Closed(no)),
        None => Err(Error::UnknownMailing(no)),
    }
}

async fn insert(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    base: i64,
    audience: SelectStatement,
    which: &str,
) -> Result<i64, DbErr> {
    let backend = conn.get_database_backend();
    let (select, values) = match backend {
        DbBackend::Sqlite => audience.build(SqliteQueryBuilder),
        _ => audience.build(PostgresQueryBuilder),
    };
    // Both numbers are ours and whole, so they may stand in the text: the audience's own parameters are numbered already.
    let sql = format!(
        "INSERT INTO deliveries (mailing_no, ordinal, subscriber_id, lane) \
         SELECT {mailing}, {base} + ROW_NUMBER() OVER (ORDER BY a.subscriber_id), a.subscriber_id, a.lane \
         FROM ({select}) AS a {which}"
    );
    let values: Vec<Value> = values.0;
    let done = conn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

async fn count(conn: &impl ConnectionTrait, mailing: MailingNo, rows: i64) -> Result<(), DbErr> {
    let mut deltas = Deltas::default();
    deltas.enqueued(mailing, rows);
    deltas.count(conn, COMMON_SHARD).await
}
