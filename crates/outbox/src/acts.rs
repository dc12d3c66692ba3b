//! What people did to the queue, and who it was.

use chrono::{DateTime, Utc};
use database::Column;
use database::sql;
use domain::{Actor, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use crate::dialect;

/// What a person may do to the queue; each is kept with who did it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Hold,
    Release,
    Close,
    Resend,
    GiveUp,
    Retry,
}

impl Act {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Close => "close",
            Self::Resend => "resend",
            Self::GiveUp => "give_up",
            Self::Retry => "retry",
        }
    }
}

/// Writes down who did what to a mailing.
pub(crate) async fn note(
    conn: &impl ConnectionTrait,
    act: Act,
    mailing: MailingNo,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO outbox_acts (mailing_no, act, actor, at) VALUES ($1, $2, $3, $4)";
    let values = [mailing.into(), act.as_str().into(), actor.clone().into(), now.into()];
    sql::execute(conn, sql, values).await.map(drop)
}

/// Writes down who did what to deliveries.
pub(crate) async fn note_all(
    conn: &impl ConnectionTrait,
    act: Act,
    mailing: MailingNo,
    ordinals: &[Ordinal],
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    const ORDINAL: &[Column] = &[("ordinal", "bigint")];
    let rows: Vec<_> = ordinals.iter().map(|ordinal| json!({ "ordinal": ordinal })).collect();
    let sql = format!(
        "INSERT INTO outbox_acts (mailing_no, ordinal, act, actor, at) SELECT $1, v.ordinal, $2, $3, $4 FROM {}",
        dialect::rows(conn.get_database_backend(), 5, ORDINAL)
    );
    let values = [mailing.into(), act.as_str().into(), actor.clone().into(), now.into(), dialect::json(&rows)];
    sql::execute(conn, &sql, values).await.map(drop)
}
