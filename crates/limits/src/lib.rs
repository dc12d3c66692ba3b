#![doc = include_str!("../README.md")]

mod bucket;
pub mod pause;
mod permits;

pub use pause::Pause;
pub use permits::{Granted, Limits, Settings};
