//! Campaigns on both databases.

#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

mod decisions;
mod drafts;
mod launches;
mod letters;
mod setting;
mod watch;
