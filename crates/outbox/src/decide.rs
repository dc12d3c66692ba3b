use chrono::{DateTime, Utc};
use database::sql;
use domain::{Actor, DeliveryKey, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbErr};

use crate::counts::{COMMON_SHARD, Deltas};
use crate::state::Event;
use crate::{Error, MailingState, State, counts, delivery, mailing};

/// What a person may do to the queue; each is kept with who did it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Hold,
    Release,
    Close,
    Resend,
    GiveUp,
}

impl Act {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Release => "release",
            Self::Close => "close",
            Self::Resend => "resend",
            Self::GiveUp => "give_up",
        }
    }
}

/// Sends a delivery in doubt once more, with the same Message-ID: the recipient may get it twice, and somebody chose so.
///
/// A closed mailing is opened again for it, unless something still waits there that must not be sent: [`Error::Closed`]. In
/// the caller's transaction.
pub async fn resend(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let closed = mailing::lock(conn, key.mailing).await? == Some(MailingState::Closed);
    if closed && counts(conn, key.mailing).await?.open() > 0 {
        return Err(Error::Closed(key.mailing));
    }
    decide(conn, key, Event::Resend, Act::Resend, actor, now).await?;
    if closed {
        let reopen = "UPDATE mailings SET state = $2 WHERE no = $1";
        sql::execute(conn, reopen, [key.mailing.into(), MailingState::Open.into()]).await?;
    }
    Ok(())
}

/// Leaves a delivery in doubt alone for good. In the caller's transaction.
pub async fn give_up(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    decide(conn, key, Event::GiveUp, Act::GiveUp, actor, now).await
}

async fn decide(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    event: Event,
    act: Act,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    loop {
        let from = delivery::find(conn, key).await?.ok_or(Error::UnknownDelivery(key))?.state;
        let to = from.after(event)?;
        let due = (to == State::Deferred).then_some(now);
        let sql = "UPDATE deliveries SET state = $4, due_at = $5 WHERE mailing_no = $1 AND ordinal = $2 AND state = $3";
        let values = [key.mailing.into(), key.ordinal.into(), from.into(), to.into(), due.into()];
        if sql::execute(conn, sql, values).await? == 1 {
            let mut deltas = Deltas::default();
            deltas.moved(key.mailing, from, to, 1);
            deltas.count(conn, COMMON_SHARD).await?;
            return Ok(note(conn, act, key.mailing, Some(key.ordinal), actor, now).await?);
        }
    }
}

/// Writes down who did what.
pub(crate) async fn note(
    conn: &impl ConnectionTrait,
    act: Act,
    mailing: MailingNo,
    ordinal: Option<Ordinal>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO outbox_acts (mailing_no, ordinal, act, actor, at) VALUES ($1, $2, $3, $4, $5)";
    let values = [mailing.into(), ordinal.into(), act.as_str().into(), actor.clone().into(), now.into()];
    sql::execute(conn, sql, values).await.map(drop)
}
