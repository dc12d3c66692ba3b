use std::time::Duration;

/// Nobody else waits longer for the writer because of one chunk (SQLite has one).
const CHUNK_TIME: Duration = Duration::from_millis(50);

/// How many rows of long work a transaction takes. It follows the machine within bounds: half as many after a chunk that took too
/// long, twice as many after one that took next to nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ChunkSize {
    rows: u64,
    least: u64,
    most: u64,
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

    /// What a chunk of this size took.
    pub fn follow(&mut self, took: Duration) {
        if took > CHUNK_TIME {
            self.rows = (self.rows / 2).max(self.least);
        } else if took < CHUNK_TIME / 4 {
            self.rows = (self.rows * 2).min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_follows_the_machine_within_bounds() {
        let after = |rows, took| {
            let mut size = ChunkSize::new(rows, 50, 5_000);
            size.follow(took);
            size.rows()
        };
        assert_eq!(after(500, Duration::from_millis(80)), 250);
        assert_eq!(after(500, Duration::from_millis(30)), 500);
        assert_eq!(after(500, Duration::from_millis(5)), 1_000);
        assert_eq!(after(50, Duration::from_secs(1)), 50);
        assert_eq!(after(5_000, Duration::ZERO), 5_000);
    }
}
