use std::time::Duration;

/// What a role still has to write down when its time to drain is over.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);
