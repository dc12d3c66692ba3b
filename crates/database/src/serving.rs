use std::fs::{File, TryLockError};
use std::io;
use std::path::PathBuf;

use crate::Database;

/// Held by the one `eshot serve` that works on an SQLite file. Dropping it, or dying, gives it back.
#[derive(Debug)]
pub struct ServingLock {
    _file: Option<File>,
}

/// Why this process may not serve the file.
#[derive(Debug, thiserror::Error)]
pub enum AlreadyServed {
    /// Another process does.
    #[error("another eshot serves {0}; one file takes one server, several servers take PostgreSQL")]
    Locked(PathBuf),
    /// The lock's file could not be made.
    #[error("the lock {0} cannot be made")]
    Io(PathBuf, #[source] io::Error),
}

impl Database {
    /// Claims the SQLite file for this process. PostgreSQL takes any number of servers.
    pub fn serve_alone(&self) -> Result<ServingLock, AlreadyServed> {
        let Some(database) = self.file() else { return Ok(ServingLock { _file: None }) };
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let file = File::create(&path).map_err(|error| AlreadyServed::Io(path.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(ServingLock { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(AlreadyServed::Locked(database.to_owned())),
            Err(TryLockError::Error(error)) => Err(AlreadyServed::Io(path, error)),
        }
    }
}
