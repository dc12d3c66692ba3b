#![doc = include_str!("../README.md")]

mod connect;
mod deadlock;
pub mod lease;
mod serving;
pub mod sql;

pub use connect::{ConnectError, Database, Settings};
pub use deadlock::{across_deadlocks, is_deadlock};
pub use serving::{AlreadyServed, ServingLock};
