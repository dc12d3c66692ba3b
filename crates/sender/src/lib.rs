#![doc = include_str!("../README.md")]

mod backoff;
mod breaker;
mod compose;
pub mod connection;
mod desk;
pub mod dkim;
mod error;
mod folder;
mod hand;
mod holding;
mod judgement;
mod line;
mod outlet;
pub mod relay;
pub mod retry;
mod route;
mod sender;
pub mod service;
mod stage;
mod tally;

pub use error::Error;
pub use folder::{Folder, InvalidFolder};
pub use outlet::Outlet;
pub use route::Route;
pub use sender::{Parts, Sender, Settings, Tick};
pub use tally::Tally;
