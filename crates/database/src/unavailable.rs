use std::error::Error;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use sqlx::sqlite::SqliteError;

use crate::rescode;

/// Whether the database is not to be had for now: out of reach, shut down, out of connections, no longer the one that is written
/// to, or its disk is full. The same may succeed in a while. Whether it was done all the same is what [`is_undone`] asks. The error
/// may be any that comes from one of the database's.
pub fn is_unavailable(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(|error| {
        error.is::<ConnAcquireErr>()
            || matches!(error.downcast_ref(), Some(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)))
            || matches!(runtime(error), Some(RuntimeErr::SqlxError(error)) if is_for_now(error))
    })
}

/// Whether the statement or transaction that failed is certainly not committed: there was no connection for it, or the database
/// itself refused it, or it changed other rows than it had to and was not committed. If it is not certain, a COMMIT may be durable whose answer was lost.
pub fn is_undone(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(|error| {
        error.is::<ConnAcquireErr>()
            || matches!(
                error.downcast_ref(),
                Some(DbErr::ConnectionAcquire(_) | DbErr::Conn(_) | DbErr::RecordNotUpdated)
            )
            || matches!(runtime(error), Some(RuntimeErr::SqlxError(error)) if is_refused(error))
    })
}

/// The driver's error, in its wrapping or bare: a transparent error leaves out what it wraps.
fn runtime<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a RuntimeErr> {
    match error.downcast_ref() {
        Some(DbErr::Exec(error) | DbErr::Query(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

fn is_for_now(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let Some(code) = error.code() else { return false };
            if error.try_downcast_ref::<SqliteError>().is_some() {
                // Busy, locked, input or output, full.
                matches!(rescode::primary(&code), Some(rescode::BUSY | 6 | 10 | 13))
            } else {
                // PostgreSQL's manual, appendix A: connection exception, insufficient resources, operator intervention. A
                // violation of the protocol (08P01) is somebody's fault and stays one; a read-only server (25006) was written to a
                // moment ago and is a standby now, or a standby that is about to be more; a transaction left alone for too long
                // (25P03) is one whose process stood still.
                code != "08P01" && ["08", "25006", "25P03", "53", "57P"].iter().any(|class| code.starts_with(class))
            }
        }
        _ => false,
    }
}

fn is_refused(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(error) => {
            let Some(code) = error.code() else { return false };
            if error.try_downcast_ref::<SqliteError>().is_some() {
                // A COMMIT whose disk fails (IOERR) may be read from it all the same after the next start.
                code.parse::<i32>().is_ok_and(|code| code & 0xff != 10)
            } else {
                // Whoever ends a session (57P) may do so between its COMMIT and the answer, and what a connection (08) or a
                // statement (40003) came to may be unknown.
                !["08", "40003", "57P"].iter().any(|class| code.starts_with(class))
            }
        }
        _ => false,
    }
}
