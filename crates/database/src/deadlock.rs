use std::error::Error;

use sea_orm::{DbErr, RuntimeErr};

/// What PostgreSQL calls it (Appendix A of its manual, class 40: transaction rollback).
const DEADLOCK_DETECTED: &str = "40P01";

/// Whether PostgreSQL ended the transaction because it and another waited for each other: nothing of it is written, and it may be
/// repeated at once. The error may be any that comes from one of the database's.
pub fn is_deadlock(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .filter_map(|error| error.downcast_ref())
        .any(|error| code(error).is_some_and(|code| code == DEADLOCK_DETECTED))
}

/// The SQLSTATE, or SQLite's number.
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(error) | DbErr::Exec(error) | DbErr::Query(error)) = error else { return None };
    let RuntimeErr::SqlxError(error) = error else { return None };
    Some(error.as_database_error()?.code()?.into_owned())
}
