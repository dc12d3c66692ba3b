#![doc = include_str!("../README.md")]

mod connect;
pub mod lease;
mod serving;
pub mod sql;

pub use connect::{ConnectError, Database, Settings};
pub use serving::{AlreadyServed, ServingLock};
