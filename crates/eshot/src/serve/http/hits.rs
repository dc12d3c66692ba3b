//! Openings and clicks go to the database once a second, and what is left when the last request is answered.

use std::time::Duration;

use database::Database;
use feedback::tracking::{self, Recorder};
use tokio_util::sync::CancellationToken;

/// What a crash loses at most.
const EVERY: Duration = Duration::from_secs(1);

/// How often it is tried to write what is left.
const TRIES: u32 = 3;

/// Writes what waits until nobody is served any more, and then the rest.
pub(super) async fn write_until(over: &CancellationToken, hits: &Recorder, db: &Database) {
    while !over.is_cancelled() {
        tokio::select! {
            () = over.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        write(hits, db).await;
    }
    for _ in 0..TRIES {
        if write(hits, db).await {
            return;
        }
    }
}

/// Says whether all that waited is written.
async fn write(hits: &Recorder, db: &Database) -> bool {
    let taken = hits.drain();
    let Err((rest, error)) = tracking::write(db, taken).await else { return true };
    let count = rest.len();
    tracing::error!(
        error = &error as &dyn std::error::Error,
        count,
        "{count} openings and clicks could not be written yet"
    );
    hits.put_back(rest);
    false
}
