use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use anyhow::Context as _;
use tempfile::TempDir;

/// How often removal is tried, and how long it waits between: two seconds for a connection to close its files.
const TRIES: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(20);

/// Lends the work a new folder, and takes it away with all that is in it, whatever came of the work.
pub(super) async fn lend<T>(work: impl AsyncFnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let folder = tempfile::Builder::new().prefix("eshot-demo-").tempdir().context("the demo finds no folder")?;
    let done = work(folder.path()).await;
    let removed = remove(folder).await;
    done.and_then(|done| removed.map(|()| done))
}

/// A connection to SQLite that was dropped, as when the demo is interrupted while it begins, is closed by a thread of its own. It
/// may still write a file into a folder that is being emptied; then it is emptied again.
async fn remove(folder: TempDir) -> anyhow::Result<()> {
    for _ in 1..TRIES {
        if is_gone(fs::remove_dir_all(folder.path())) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN).await;
    }
    let path = folder.path().display().to_string();
    folder.close().with_context(|| format!("{path} cannot be removed"))
}

fn is_gone(removed: io::Result<()>) -> bool {
    removed.map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |()| true)
}
