//! What comes back after a message was submitted. A fact changes no state, save that it ends a doubt.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use database::Column;
use database::sql;
use domain::{DeliveryKey, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::counts::{COMMON_SHARD, Deltas};
use crate::dialect::{self, Locked};
use crate::state::{Event, State};

/// The message came back. Says whether that is news: not if it was known, or if no such message was ever begun.
pub async fn bounced(conn: &impl ConnectionTrait, key: DeliveryKey, now: DateTime<Utc>) -> Result<bool, DbErr> {
    came_back(conn, key, Fact::Bounced(None), now).await
}

/// The message [came back](bounced), and this is what `verdict` calls the reason.
pub async fn bounced_as(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    class: &str,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    came_back(conn, key, Fact::Bounced(Some(class)), now).await
}

/// The recipient complained. Says whether that is news: not if it was known, or if no such message was ever begun.
pub async fn complained(conn: &impl ConnectionTrait, key: DeliveryKey, now: DateTime<Utc>) -> Result<bool, DbErr> {
    came_back(conn, key, Fact::Complained, now).await
}

/// The recipient did something that takes having the message: a click, an answer. Says whether that ended a doubt.
pub async fn arrived(conn: &impl ConnectionTrait, key: DeliveryKey, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let Some(from) = begun(conn, key).await? else { return Ok(false) };
    let mut deltas = Deltas::default();
    let proved = prove(conn, key, from, &mut deltas, now).await?;
    deltas.count(conn, COMMON_SHARD).await?;
    Ok(proved)
}

/// Those of these messages that came back, whenever they did.
pub async fn bounced_among(conn: &impl ConnectionTrait, keys: &[DeliveryKey]) -> Result<HashSet<DeliveryKey>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        mailing_no: MailingNo,
        ordinal: Ordinal,
    }
    const KEY: &[Column] = &[("mailing", "bigint"), ("ordinal", "bigint")];
    let sql = format!(
        "SELECT d.mailing_no, d.ordinal FROM {} JOIN deliveries d ON d.mailing_no = v.mailing AND d.ordinal = v.ordinal \
         WHERE d.bounced_at IS NOT NULL",
        dialect::rows(conn.get_database_backend(), 1, KEY)
    );
    let rows: Vec<Row> = sql::all(conn, &sql, [dialect::json(&keys)]).await?;
    Ok(rows.into_iter().map(|row| DeliveryKey::new(row.mailing_no, row.ordinal)).collect())
}

#[derive(Copy, Clone)]
enum Fact<'a> {
    Bounced(Option<&'a str>),
    Complained,
}

async fn came_back(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    fact: Fact<'_>,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let Some(from) = begun(conn, key).await? else { return Ok(false) };
    let (column, class) = match fact {
        Fact::Bounced(class) => ("bounced_at", class),
        Fact::Complained => ("complained_at", None),
    };
    let sql = format!(
        "UPDATE deliveries SET {column} = $3, returned_as = COALESCE($4, returned_as) \
         WHERE mailing_no = $1 AND ordinal = $2 AND {column} IS NULL"
    );
    let class = class.map(str::to_owned);
    let news = sql::execute(conn, &sql, [key.mailing.into(), key.ordinal.into(), now.into(), class.into()]).await? == 1;
    let mut deltas = Deltas::default();
    let counts = deltas.of(key.mailing);
    match fact {
        Fact::Bounced(_) => counts.bounced += i64::from(news),
        Fact::Complained => counts.complained += i64::from(news),
    }
    prove(conn, key, from, &mut deltas, now).await?;
    deltas.count(conn, COMMON_SHARD).await?;
    Ok(news)
}

/// The state of a delivery that was begun at least once; its row is locked from here on.
async fn begun(conn: &impl ConnectionTrait, key: DeliveryKey) -> Result<Option<State>, DbErr> {
    let lock = dialect::for_update(conn.get_database_backend(), "d", Locked::Wait);
    let sql = format!("SELECT state FROM deliveries d WHERE mailing_no = $1 AND ordinal = $2 AND attempt > 0{lock}");
    let row = sql::row(conn, &sql, [key.mailing.into(), key.ordinal.into()]).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

async fn prove(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    from: State,
    deltas: &mut Deltas,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let Ok(to) = from.after(Event::Prove) else { return Ok(false) };
    let sql = "UPDATE deliveries SET state = $4, due_at = NULL, sent_at = $5 \
               WHERE mailing_no = $1 AND ordinal = $2 AND state = $3";
    let values = [key.mailing.into(), key.ordinal.into(), from.into(), to.into(), now.into()];
    let proved = sql::execute(conn, sql, values).await? == 1;
    if proved {
        deltas.moved(key.mailing, from, to, 1);
    }
    Ok(proved)
}
