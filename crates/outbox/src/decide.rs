//! What a person decides about deliveries that go no further by themselves.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use database::sql;
use domain::{Actor, DeliveryKey, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::acts::{self, Act};
use crate::change::{self, Change, Row};
use crate::counts::COMMON_SHARD;
use crate::dialect;
use crate::state::Event;
use crate::{Error, MailingState, State, counts, mailing};

/// What a person may decide about a delivery that goes no further by itself.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// One in doubt is sent once more, with the same Message-ID: the recipient may get it twice, and somebody chose so.
    Resend,
    /// One in doubt is left alone for good.
    GiveUp,
    /// One that failed is tried again, unless an attempt at it may have been taken.
    Retry,
}

impl Decision {
    /// The state of the deliveries that it is about.
    pub const fn about(self) -> State {
        match self {
            Self::Resend | Self::GiveUp => State::InDoubt,
            Self::Retry => State::Failed,
        }
    }

    /// Whether something is sent by it.
    pub const fn sends(self) -> bool {
        matches!(self, Self::Resend | Self::Retry)
    }

    const fn event(self) -> Event {
        match self {
            Self::Resend => Event::Resend,
            Self::GiveUp => Event::GiveUp,
            Self::Retry => Event::Retry,
        }
    }

    const fn act(self) -> Act {
        match self {
            Self::Resend => Act::Resend,
            Self::GiveUp => Act::GiveUp,
            Self::Retry => Act::Retry,
        }
    }
}

/// [`Decision::Resend`] about one delivery.
///
/// A closed mailing is opened again for it, unless something still waits there that must not be sent: [`Error::Closed`]. In
/// the caller's transaction.
pub async fn resend(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    decide(conn, key, Decision::Resend, actor, now).await
}

/// [`Decision::GiveUp`] about one delivery. In the caller's transaction.
pub async fn give_up(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    decide(conn, key, Decision::GiveUp, actor, now).await
}

/// Decides about one delivery. A closed mailing is opened again where something is to be sent, unless something still waits there
/// that must not be: [`Error::Closed`]. In the caller's transaction.
pub async fn decide(
    conn: &impl ConnectionTrait,
    key: DeliveryKey,
    decision: Decision,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let closed = lock(conn, key.mailing, decision).await?;
    let row = change::lock(conn, [key].into_iter()).await?.remove(&key).ok_or(Error::UnknownDelivery(key))?;
    row.state.after(decision.event())?;
    if apply(conn, key.mailing, vec![row], decision, actor, now).await?.is_empty() {
        return Err(Error::Doubted(key));
    }
    reopen(conn, key.mailing, closed).await
}

/// Decides about several deliveries of a mailing, and says about which it could: not about those that are in another state by now,
/// nor does it try one again of which an attempt may have been taken. So it is harmless twice. A few hundred at once are meant.
///
/// A closed mailing is opened again as by [`decide`]. In the caller's transaction.
pub async fn decide_all(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    ordinals: &[Ordinal],
    decision: Decision,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<HashSet<Ordinal>, Error> {
    let closed = lock(conn, mailing, decision).await?;
    let keys = ordinals.iter().map(|ordinal| DeliveryKey::new(mailing, *ordinal));
    let rows = change::lock(conn, keys).await?.into_values().collect();
    let moved = apply(conn, mailing, rows, decision, actor, now).await?;
    if !moved.is_empty() {
        reopen(conn, mailing, closed).await?;
    }
    Ok(moved)
}

/// Whether the mailing is closed, if something is to be sent; who closes it at this moment waits.
async fn lock(conn: &impl ConnectionTrait, no: MailingNo, decision: Decision) -> Result<bool, Error> {
    let closed = decision.sends() && mailing::lock(conn, no).await? == Some(MailingState::Closed);
    if closed && counts(conn, no).await?.open() > 0 {
        return Err(Error::Closed(no));
    }
    Ok(closed)
}

async fn reopen(conn: &impl ConnectionTrait, no: MailingNo, closed: bool) -> Result<(), Error> {
    if closed {
        let reopen = "UPDATE mailings SET state = $2 WHERE no = $1";
        sql::execute(conn, reopen, [no.into(), MailingState::Open.into()]).await?;
    }
    Ok(())
}

/// Takes those of the locked rows to their next state that have one, and says which those are.
async fn apply(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    rows: Vec<Row>,
    decision: Decision,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<HashSet<Ordinal>, Error> {
    let retried = decision == Decision::Retry;
    let ordinals: Vec<Ordinal> = rows.iter().map(|row| row.ordinal).collect();
    let doubted = if retried { doubted(conn, mailing, &ordinals).await? } else { HashSet::new() };
    let change = |row: &Row| {
        let to = row.state.after(decision.event()).ok()?;
        let due_at = (to == State::Deferred).then_some(now);
        // What may have been taken is not tried again under the name of a failure; what came back was taken.
        let may = !retried || !(doubted.contains(&row.ordinal) || row.is_proved());
        may.then_some(Change { due_at, ..Change::new(row.key(), row.state, to) })
    };
    let changes: Vec<Change> = rows.iter().filter_map(change).collect();
    let moved: Vec<Ordinal> = changes.iter().map(|change| change.key.ordinal).collect();
    change::count(conn, COMMON_SHARD, &changes).await?;
    if retried {
        begin_anew(conn, mailing, &moved).await?;
    }
    acts::note_all(conn, decision.act(), mailing, &moved, actor, now).await?;
    Ok(moved.into_iter().collect())
}

/// Those at which an attempt was taken, or may have been.
async fn doubted(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    ordinals: &[Ordinal],
) -> Result<HashSet<Ordinal>, DbErr> {
    #[derive(FromQueryResult)]
    struct Found {
        ordinal: Ordinal,
    }
    let these = dialect::numbers(conn.get_database_backend(), 2);
    let sql = format!(
        "SELECT DISTINCT ordinal FROM attempts \
         WHERE mailing_no = $1 AND ordinal IN {these} AND outcome IN ('in_doubt', 'sent')"
    );
    let found: Vec<Found> = sql::all(conn, &sql, [mailing.into(), dialect::json(&ordinals)]).await?;
    Ok(found.into_iter().map(|found| found.ordinal).collect())
}

/// What was tried before counts no more: neither for how long to wait and when to give up, nor for whether too much fails now.
async fn begin_anew(conn: &impl ConnectionTrait, mailing: MailingNo, ordinals: &[Ordinal]) -> Result<(), DbErr> {
    let these = dialect::numbers(conn.get_database_backend(), 3);
    let sql = format!("UPDATE attempts SET offered = $2 WHERE mailing_no = $1 AND ordinal IN {these}");
    sql::execute(conn, &sql, [mailing.into(), false.into(), dialect::json(&ordinals)]).await.map(drop)
}
