//! Taking rows from state to state: locked, judged by the state machine, and written back in one statement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use database::{Column, Writes, sql};
use domain::{DeliveryKey, InstanceId, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};
use serde_json::json;

use crate::State;
use crate::counts::Deltas;
use crate::dialect::{self, Locked};

/// A delivery whose row this transaction has locked.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Row {
    pub(crate) mailing_no: MailingNo,
    pub(crate) ordinal: Ordinal,
    pub(crate) state: State,
    pub(crate) attempt: i32,
    pub(crate) bounced_at: Option<DateTime<Utc>>,
    pub(crate) complained_at: Option<DateTime<Utc>>,
    /// Neither a person nor an address is left: erased.
    pub(crate) nobody: bool,
    /// One of several attempts was taken, though perhaps nobody knew in time.
    pub(crate) taken: bool,
}

/// What every SELECT of a [`Row`] asks of `deliveries d`.
pub(crate) const COLUMNS: &str = "d.mailing_no, d.ordinal, d.state, d.attempt, d.bounced_at, d.complained_at, \
    d.subscriber_id IS NULL AND d.recipient IS NULL AS nobody, \
    d.attempt > 1 AND EXISTS (SELECT 1 FROM attempts a WHERE a.mailing_no = d.mailing_no AND a.ordinal = d.ordinal \
        AND a.outcome = 'sent') AS taken";

impl Row {
    /// Which one.
    pub(crate) const fn key(&self) -> DeliveryKey {
        DeliveryKey::new(self.mailing_no, self.ordinal)
    }

    /// Whether a relay is known to have taken the message, by an answer or by what came back.
    pub(crate) const fn is_proved(&self) -> bool {
        self.taken || self.bounced_at.is_some() || self.complained_at.is_some()
    }
}

/// A row's way to another state.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: DeliveryKey,
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) why: Option<String>,
}

impl Change {
    /// From one state to another, and nothing else.
    pub(crate) const fn new(key: DeliveryKey, from: State, to: State) -> Self {
        Self { key, from, to, due_at: None, sent_at: None, why: None }
    }
}

/// Finds these deliveries and locks them, in their order, so that two transactions cannot wait for each other.
pub(crate) async fn lock(
    conn: &impl ConnectionTrait,
    keys: impl Iterator<Item = DeliveryKey>,
) -> Result<BTreeMap<DeliveryKey, Row>, DbErr> {
    const KEY: &[Column] = &[("mailing_no", "bigint"), ("ordinal", "bigint")];
    let backend = conn.get_database_backend();
    let keys: Vec<_> = keys.map(|key| json!({"mailing_no": key.mailing, "ordinal": key.ordinal})).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM {} JOIN deliveries d ON d.mailing_no = v.mailing_no AND d.ordinal = v.ordinal \
         ORDER BY d.mailing_no, d.ordinal{}",
        dialect::rows(backend, 1, KEY),
        dialect::for_update(backend, "d", Locked::Wait)
    );
    let rows: Vec<Row> = sql::all(conn, &sql, [dialect::json(&keys)]).await?;
    Ok(rows.into_iter().map(|row| (row.key(), row)).collect())
}

/// Writes changes to locked rows, and counts them in the shard.
pub(crate) async fn count(conn: &impl ConnectionTrait, shard: InstanceId, changes: &[Change]) -> Result<(), DbErr> {
    let (mut writes, mut deltas) = (Writes::new(), Deltas::default());
    write(conn.get_database_backend(), changes, &mut writes, &mut deltas);
    deltas.apply(shard, &mut writes);
    writes.run(conn).await
}

/// Adds changes to locked rows to what is to be written, and to what is to be counted.
pub(crate) fn write(backend: DbBackend, changes: &[Change], writes: &mut Writes, deltas: &mut Deltas) {
    const CHANGE: &[Column; 7] = &[
        ("mailing_no", "bigint"),
        ("ordinal", "bigint"),
        ("was", "text"),
        ("state", "text"),
        ("due_at", "timestamptz"),
        ("sent_at", "timestamptz"),
        ("why", "text"),
    ];
    if changes.is_empty() {
        return;
    }
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        deltas.moved(change.key.mailing, change.from, change.to, 1);
        rows.push([
            change.key.mailing.0.into(),
            change.key.ordinal.0.into(),
            change.from.as_str().into(),
            change.to.as_str().into(),
            change.due_at.into(),
            change.sent_at.into(),
            change.why.clone().into(),
        ]);
    }
    let table = dialect::table(backend, 0, CHANGE, rows);
    let sql = format!(
        "UPDATE deliveries SET state = v.state, due_at = v.due_at, sent_at = COALESCE(v.sent_at, deliveries.sent_at), \
             skipped_why = v.why \
         FROM {} WHERE deliveries.mailing_no = v.mailing_no AND deliveries.ordinal = v.ordinal \
           AND deliveries.state = v.was",
        table.sql
    );
    // The rows were locked when they were judged, so none can be missing; if one is, the counts must not go astray.
    writes.add_exactly(u64::try_from(changes.len()).unwrap_or(u64::MAX), sql, table.values);
}
