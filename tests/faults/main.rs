//! The program is killed, stopped, frozen and cut off in the middle of its work, and the counts must add up afterwards.
#![expect(clippy::unwrap_used, reason = "tests")]

mod audit;
mod clock;
mod cluster;
mod database;
mod ended;
mod frozen;
mod gone;
mod orders;
mod phases;
mod providers;
mod returned;
