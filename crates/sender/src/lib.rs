#![doc = include_str!("../README.md")]

mod backoff;
mod breaker;
mod compose;
pub mod connection;
mod desk;
pub mod dkim;
mod error;
mod hand;
mod holding;
mod judgement;
pub mod relay;
pub mod retry;
mod sender;
mod stage;
mod tally;

pub use error::Error;
pub use sender::{Parts, Sender, Settings, Tick};
pub use tally::Tally;
