use std::error::Error;

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};
use sqlx::sqlite::SqliteError;

/// Whether the database is not to be had for now: out of reach, shut down, out of connections, or its disk is full. Nothing of what
/// failed is written unless it failed at its COMMIT, and the same may succeed in a while. The error may be any that comes from one
/// of the database's.
pub fn is_unavailable(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(|error| {
        error.is::<ConnAcquireErr>()
            || matches!(error.downcast_ref(), Some(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)))
            || matches!(runtime(error), Some(RuntimeErr::SqlxError(error)) if is_for_now(error))
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
                // https://sqlite.org/rescode.html: the low byte is the primary code. Busy, locked, input or output, full.
                code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
            } else {
                // PostgreSQL's manual, appendix A: connection exception, insufficient resources, operator intervention.
                ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
            }
        }
        _ => false,
    }
}
