#![doc = include_str!("../README.md")]

mod dialect;
mod standing;
mod step;

pub use standing::{MigrateError, Standing, check, run};
