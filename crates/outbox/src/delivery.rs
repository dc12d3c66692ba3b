use chrono::{DateTime, Utc};
use database::{Column, sql};
use domain::{DeliveryKey, EmailAddress, MailboxProvider, MailingNo, Ordinal, SubscriberId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::{State, dialect};

/// One message to one recipient, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which one.
    pub key: DeliveryKey,
    /// The person, unless erased or never on file.
    pub subscriber: Option<SubscriberId>,
    /// The address that was given with the intent, if one was.
    pub recipient: Option<EmailAddress>,
    /// Who keeps the mailbox.
    pub lane: MailboxProvider,
    /// How far it has come.
    pub state: State,
    /// Why it was skipped.
    pub skipped_why: Option<String>,
    /// How many attempts were begun.
    pub attempts: i32,
    /// When it is tried again, if it is deferred.
    pub due_at: Option<DateTime<Utc>>,
    /// When a relay took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it came back.
    pub bounced_at: Option<DateTime<Utc>>,
    /// When its recipient complained.
    pub complained_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
pub(crate) struct Row {
    mailing_no: MailingNo,
    ordinal: Ordinal,
    subscriber_id: Option<SubscriberId>,
    recipient: Option<EmailAddress>,
    lane: MailboxProvider,
    state: State,
    skipped_why: Option<String>,
    attempt: i32,
    due_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
    bounced_at: Option<DateTime<Utc>>,
    complained_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "mailing_no, ordinal, subscriber_id, recipient, lane, state, skipped_why, attempt, due_at, sent_at, \
                       bounced_at, complained_at";

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        Self {
            key: DeliveryKey::new(row.mailing_no, row.ordinal),
            subscriber: row.subscriber_id,
            recipient: row.recipient,
            lane: row.lane,
            state: row.state,
            skipped_why: row.skipped_why,
            attempts: row.attempt,
            // While it is being submitted the column holds the worker's deadline.
            due_at: row.due_at.filter(|_| row.state == State::Deferred),
            sent_at: row.sent_at,
            bounced_at: row.bounced_at,
            complained_at: row.complained_at,
        }
    }
}

/// The delivery with this key.
pub async fn find(conn: &impl ConnectionTrait, key: DeliveryKey) -> Result<Option<Delivery>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE mailing_no = $1 AND ordinal = $2");
    let row: Option<Row> = sql::one(conn, &sql, [key.mailing.into(), key.ordinal.into()]).await?;
    Ok(row.map(Delivery::from))
}

/// Those of these deliveries that there are, in no order.
pub async fn among(conn: &impl ConnectionTrait, keys: &[DeliveryKey]) -> Result<Vec<Delivery>, DbErr> {
    const KEY: &[Column; 2] = &[("of_mailing", "bigint"), ("place", "bigint")];
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = keys.iter().map(|key| [key.mailing.0.into(), key.ordinal.0.into()]).collect();
    let table = dialect::table(conn.get_database_backend(), 0, KEY, rows);
    let sql = format!(
        "SELECT {COLUMNS} FROM {} JOIN deliveries d ON d.mailing_no = v.of_mailing AND d.ordinal = v.place",
        table.sql
    );
    let rows: Vec<Row> = sql::all(conn, &sql, table.values).await?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// A page of a mailing's deliveries in their order, all or those in one state, behind `after`.
pub async fn list(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    state: Option<State>,
    after: Option<Ordinal>,
    limit: u32,
) -> Result<Vec<Delivery>, DbErr> {
    let values = [mailing.into(), after.unwrap_or(Ordinal(0)).into(), i64::from(limit).into()];
    let rows: Vec<Row> = sql::all(conn, &listing(state), values).await?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// At most `$3` deliveries of the mailing `$1` behind the ordinal `$2`.
pub(crate) fn listing(state: Option<State>) -> String {
    let column = match state {
        Some(State::Deferred | State::Failed | State::InDoubt | State::Skipped) => "rare",
        _ => "state",
    };
    let state = state.map(|state| format!(" AND {column} = '{state}'")).unwrap_or_default();
    format!("SELECT {COLUMNS} FROM deliveries WHERE mailing_no = $1{state} AND ordinal > $2 ORDER BY ordinal LIMIT $3")
}
