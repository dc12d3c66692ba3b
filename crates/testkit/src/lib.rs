#![doc = include_str!("../README.md")]

mod database;
pub mod dns;
mod fixed;
pub mod smtp;

pub use database::{TestDb, run};
pub use fixed::{keys, start_of_time};
#[doc(hidden)]
pub use tokio;
