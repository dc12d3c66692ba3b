use std::error::Error;

use sea_orm::{DbErr, RuntimeErr};

/// What PostgreSQL calls it (Appendix A of its manual, class 40: transaction rollback).
const DEADLOCK_DETECTED: &str = "40P01";

/// How many times a transaction is repeated.
const DEADLOCKS: u32 = 3;

/// Whether PostgreSQL ended the transaction because it and another waited for each other: nothing of it is written, and it may be
/// repeated at once. The error may be any that comes from one of the database's.
pub fn is_deadlock(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .filter_map(|error| error.downcast_ref())
        .any(|error| code(error).is_some_and(|code| code == DEADLOCK_DETECTED))
}

/// Does something in a transaction of its own, and does it again, at once, where PostgreSQL ended that for a [deadlock](is_deadlock).
/// Whoever locks several rows does so in one order, so that this should not be; if it is, it costs nobody more than a moment.
pub async fn across_deadlocks<T, E, Act>(mut act: impl FnMut() -> Act) -> Result<T, E>
where
    E: Error + 'static,
    Act: Future<Output = Result<T, E>>,
{
    let mut left = DEADLOCKS;
    loop {
        match act().await {
            Err(error) if left > 0 && is_deadlock(&error) => {
                left -= 1;
                tracing::warn!("PostgreSQL ended a transaction in favour of another; it is repeated");
            }
            done => return done,
        }
    }
}

/// The SQLSTATE, or SQLite's number.
pub(crate) fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(error) | DbErr::Exec(error) | DbErr::Query(error)) = error else { return None };
    let RuntimeErr::SqlxError(error) = error else { return None };
    Some(error.as_database_error()?.code()?.into_owned())
}
