use chrono::{DateTime, Utc};
use domain::{DeliveryKey, EnhancedStatus, InstanceId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::{Phase, State, sql};

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
    let sql = "SELECT attempt, instance, relay, phase, outcome, code, status, reply, class, rule, started_at, answered_at, \
                      noted_at, late \
               FROM attempts WHERE mailing_no = $1 AND ordinal = $2 ORDER BY attempt";
    sql::all(conn, sql, [key.mailing.into(), key.ordinal.into()]).await
}
