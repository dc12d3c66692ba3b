use chrono::{DateTime, Utc};
use database::{Cell, Column, Writes, sql};
use domain::{DeliveryKey, EnhancedStatus, InstanceId, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use serde_json::json;

use crate::dialect;
use crate::{Answer, Phase, State};

/// One attempt at a delivery and what became of it. Nothing but erasing the person changes it, save that an answer which
/// comes after all is filled in.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Attempt {
    /// Counted from 1.
    pub attempt: i32,
    /// The instance that heard the answer.
    pub instance: Option<InstanceId>,
    /// The relay's name in the configuration; unknown where the worker was lost.
    pub relay: Option<String>,
    /// How far the dialogue came; unknown where the worker was lost.
    pub phase: Option<Phase>,
    /// Sent, deferred, failed or in doubt.
    pub outcome: State,
    /// The reply code.
    pub code: Option<i16>,
    /// The enhanced status.
    pub status: Option<EnhancedStatus>,
    /// The relay's words.
    pub reply: String,
    /// What the relay calls the message that it took, if it told.
    pub relay_message_id: Option<String>,
    /// What `verdict` called it.
    pub class: Option<String>,
    /// The rule that said so.
    pub rule: Option<String>,
    /// When the dialogue began; unknown where the worker was lost.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; nothing until an answer comes after all.
    pub answered_at: Option<DateTime<Utc>>,
    /// When the row was first written.
    pub noted_at: DateTime<Utc>,
    /// Whether the answer came when it was no longer waited for.
    pub late: bool,
}

/// Every attempt at a delivery, first to last.
pub async fn attempts(conn: &impl ConnectionTrait, key: DeliveryKey) -> Result<Vec<Attempt>, DbErr> {
    let sql = "SELECT attempt, instance, relay, phase, outcome, code, status, reply, relay_message_id, class, rule, \
                      started_at, answered_at, noted_at, late \
               FROM attempts WHERE mailing_no = $1 AND ordinal = $2 ORDER BY attempt";
    sql::all(conn, sql, [key.mailing.into(), key.ordinal.into()]).await
}

/// Every attempt at the deliveries behind the ordinal `after` up to `to`, in the order of these and first to last.
pub async fn attempts_between(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    after: Ordinal,
    to: Ordinal,
) -> Result<Vec<(Ordinal, Attempt)>, DbErr> {
    let sql = "SELECT ordinal, attempt, instance, relay, phase, outcome, code, status, reply, relay_message_id, class, rule, \
                      started_at, answered_at, noted_at, late \
               FROM attempts WHERE mailing_no = $1 AND ordinal > $2 AND ordinal <= $3 ORDER BY ordinal, attempt";
    let values = [mailing.into(), after.into(), to.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let rows = conn.query_all_raw(statement).await?;
    rows.iter().map(|row| Ok((row.try_get("", "ordinal")?, Attempt::from_query_result(row, "")?))).collect()
}

/// The delivery whose message a relay took under this id, and in which attempt.
pub async fn of_relay_message(
    conn: &impl ConnectionTrait,
    relay: &str,
    id: &str,
) -> Result<Option<(DeliveryKey, i32)>, DbErr> {
    let sql = "SELECT mailing_no, ordinal, attempt FROM attempts WHERE relay_message_id = $1 AND relay = $2 \
               ORDER BY noted_at DESC LIMIT 1";
    let row = sql::row(conn, sql, [id.into(), relay.into()]).await?;
    row.map(|row| {
        let key = DeliveryKey::new(row.try_get("", "mailing_no")?, row.try_get("", "ordinal")?);
        Ok((key, row.try_get("", "attempt")?))
    })
    .transpose()
}

/// An answer as it is to be kept.
pub(crate) struct Heard<'a> {
    pub(crate) answer: &'a Answer,
    /// It was no longer waited for.
    pub(crate) late: bool,
    /// Its person was erased: the relay's words, which often name the address, are not kept.
    pub(crate) forgotten: bool,
}

/// Adds answers to what is to be written. What is kept already is not changed, save where the worker was lost and nothing was
/// heard so far.
pub(crate) fn hear(
    backend: DbBackend,
    instance: InstanceId,
    heard: &[Heard<'_>],
    writes: &mut Writes,
    now: DateTime<Utc>,
) {
    const HEARD: &[Column; 16] = &[
        ("mailing_no", "bigint"),
        ("ordinal", "bigint"),
        ("attempt", "integer"),
        ("relay", "text"),
        ("phase", "text"),
        ("outcome", "text"),
        ("code", "smallint"),
        ("status", "text"),
        ("reply", "text"),
        ("relay_message_id", "text"),
        ("class", "text"),
        ("rule", "text"),
        ("started_at", "timestamptz"),
        ("answered_at", "timestamptz"),
        ("late", "boolean"),
        ("offered", "boolean"),
    ];
    if heard.is_empty() {
        return;
    }
    let rows: Vec<_> = heard.iter().map(Heard::row).collect();
    // WHERE tells SQLite that ON CONFLICT does not belong to a join.
    let table = dialect::table(backend, 2, HEARD, rows);
    let sql = format!(
        "INSERT INTO attempts (mailing_no, ordinal, attempt, instance, relay, phase, outcome, code, status, reply, \
             relay_message_id, class, rule, started_at, answered_at, noted_at, late, offered) \
         SELECT mailing_no, ordinal, attempt, $1, relay, phase, outcome, code, status, reply, relay_message_id, class, rule, \
             started_at, answered_at, $2, late, offered FROM {} WHERE true \
         ON CONFLICT (mailing_no, ordinal, attempt) DO UPDATE SET instance = excluded.instance, relay = excluded.relay, \
             phase = excluded.phase, outcome = excluded.outcome, code = excluded.code, status = excluded.status, \
             reply = excluded.reply, relay_message_id = excluded.relay_message_id, class = excluded.class, rule = excluded.rule, \
             started_at = excluded.started_at, answered_at = excluded.answered_at, late = excluded.late, offered = excluded.offered \
         WHERE attempts.answered_at IS NULL",
        table.sql
    );
    writes.add(sql, [instance.into(), now.into()].into_iter().chain(table.values));
}

/// Keeps attempts whose worker was lost, with what is believed of them until an answer comes after all.
pub(crate) async fn lose(
    conn: &impl ConnectionTrait,
    lost: &[(DeliveryKey, i32, State)],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    const LOST: &[Column] =
        &[("mailing_no", "bigint"), ("ordinal", "bigint"), ("attempt", "integer"), ("outcome", "text")];
    let row = |(key, attempt, outcome): &(DeliveryKey, i32, State)| json!({"mailing_no": key.mailing, "ordinal": key.ordinal, "attempt": attempt, "outcome": outcome});
    let rows: Vec<_> = lost.iter().map(row).collect();
    let sql = format!(
        "INSERT INTO attempts (mailing_no, ordinal, attempt, outcome, noted_at) \
         SELECT mailing_no, ordinal, attempt, outcome, $2 FROM {} WHERE true ON CONFLICT DO NOTHING",
        dialect::rows(conn.get_database_backend(), 1, LOST)
    );
    sql::execute(conn, &sql, [dialect::json(&rows), now.into()]).await.map(drop)
}

impl Heard<'_> {
    fn row(&self) -> [Cell; 16] {
        let answer = self.answer;
        let reply = answer.reply.as_ref();
        let said = reply.filter(|_| !self.forgotten).map(|reply| words(&reply.text));
        [
            answer.key.mailing.0.into(),
            answer.key.ordinal.0.into(),
            i64::from(answer.attempt).into(),
            answer.relay.clone().into(),
            answer.phase.as_str().into(),
            answer.outcome.as_str().into(),
            reply.map(|reply| i64::from(reply.code)).into(),
            reply.and_then(|reply| reply.status).map(|status| status.to_string()).into(),
            said.unwrap_or_default().into(),
            answer.relay_message_id.as_deref().map(words).into(),
            answer.class.clone().into(),
            answer.rule.clone().into(),
            answer.started_at.into(),
            answer.answered_at.into(),
            self.late.into(),
            answer.offered.into(),
        ]
    }
}

/// A relay's words as they can be kept: PostgreSQL's text takes no NUL, and a relay may send what it likes.
fn words(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(1_000).collect()
}
