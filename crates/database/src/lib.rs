#![doc = include_str!("../README.md")]

mod among;
mod chunk;
mod connect;
mod deadlock;
mod journal;
pub mod lease;
pub mod private;
mod rescode;
mod serving;
pub mod sql;
mod table;
mod unavailable;
mod writes;

pub use among::among;
pub use chunk::{ChunkSize, ChunkTimer};
pub use connect::{ConnectError, Database, Settings};
pub use deadlock::{across_deadlocks, is_deadlock};
pub use serving::{AlreadyServed, ServingLock};
pub use table::{Cell, Column, Table, table};
pub use unavailable::{is_unavailable, is_undone};
pub use writes::Writes;
