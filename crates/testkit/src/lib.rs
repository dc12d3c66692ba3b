#![doc = include_str!("../README.md")]

mod clock;
mod database;
pub mod dns;
mod fixed;
pub mod http;
mod proxy;
mod role;
pub mod smtp;
pub mod tls;
pub mod verifier;

pub use clock::ManualClock;
pub use database::{TestDb, run};
pub use fixed::{keys, start_of_time};
pub use proxy::DelayingProxy;
pub use role::scheduler;
#[doc(hidden)]
pub use tokio;
