//! SQLite's result codes (<https://sqlite.org/rescode.html>).

/// Another connection writes.
pub(crate) const BUSY: i32 = 5;

/// The primary code of a result code as the driver tells it: the low byte of the extended one.
pub(crate) fn primary(code: &str) -> Option<i32> {
    code.parse::<i32>().ok().map(|code| code & 0xff)
}
