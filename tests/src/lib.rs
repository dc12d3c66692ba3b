#![doc = include_str!("../README.md")]

mod postfix;
mod traces;

pub use postfix::{Postfix, Route, free_address};
pub use traces::{postgres_dump, sqlite_files, traces};
