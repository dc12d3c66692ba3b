use std::time::{Duration, Instant};

use sea_orm::DbBackend;

/// Nobody else waits longer for the writer because of one chunk (SQLite has one).
const CHUNK_TIME: Duration = Duration::from_millis(50);

/// How many rows of long work a transaction takes. On SQLite it follows the machine within bounds: half as many after a chunk that
/// took too long, twice as many after one that took next to nothing. On PostgreSQL it stays as it is: nobody waits for a writer
/// there, and what a chunk takes tells how far the server is, not how much it has to do.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ChunkSize {
    rows: u64,
    least: u64,
    most: u64,
}

/// A chunk that is under way in its transaction.
#[derive(Debug)]
pub struct ChunkTimer<'a> {
    size: &'a mut ChunkSize,
    begun: Instant,
    backend: DbBackend,
}

impl ChunkSize {
    /// So many rows at first, and between these bounds afterwards.
    pub const fn new(rows: u64, least: u64, most: u64) -> Self {
        Self { rows, least, most }
    }

    /// How many rows the next chunk takes.
    pub const fn rows(self) -> u64 {
        self.rows
    }

    /// Begins to measure a chunk whose transaction has just begun in this database: from here on others wait. How long it waited
    /// for the writer itself says nothing of its size.
    pub fn begun(&mut self, backend: DbBackend) -> ChunkTimer<'_> {
        ChunkTimer { size: self, begun: Instant::now(), backend }
    }

    fn follow(&mut self, backend: DbBackend, took: Duration) {
        if backend != DbBackend::Sqlite {
            return;
        }
        if took > CHUNK_TIME {
            self.rows = (self.rows / 2).max(self.least);
        } else if took < CHUNK_TIME / 4 {
            self.rows = (self.rows * 2).min(self.most);
        }
    }
}

impl ChunkTimer<'_> {
    /// The chunk is committed. One that is not, for whatever reason, teaches nothing.
    pub fn committed(self) {
        self.size.follow(self.backend, self.begun.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(backend: DbBackend, rows: u64, took: Duration) -> u64 {
        let mut size = ChunkSize::new(rows, 50, 5_000);
        size.follow(backend, took);
        size.rows()
    }

    #[test]
    fn a_chunk_follows_the_machine_within_bounds() {
        let after = |rows, took| after(DbBackend::Sqlite, rows, took);
        assert_eq!(after(500, Duration::from_millis(80)), 250);
        assert_eq!(after(500, Duration::from_millis(30)), 500);
        assert_eq!(after(500, Duration::from_millis(5)), 1_000);
        assert_eq!(after(50, Duration::from_secs(1)), 50);
        assert_eq!(after(5_000, Duration::ZERO), 5_000);
    }

    #[test]
    fn a_server_far_away_makes_no_chunk_smaller() {
        for took in [Duration::ZERO, Duration::from_secs(1)] {
            assert_eq!(after(DbBackend::Postgres, 500, took), 500);
        }
    }
}
