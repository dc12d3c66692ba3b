#![doc = include_str!("../README.md")]

mod clock;
mod database;
pub mod dns;
mod fixed;
pub mod smtp;

pub use clock::ManualClock;
pub use database::{TestDb, run};
pub use fixed::{keys, start_of_time};
#[doc(hidden)]
pub use tokio;
