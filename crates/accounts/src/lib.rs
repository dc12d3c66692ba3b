#![doc = include_str!("../README.md")]

pub mod audit;
mod entity;
pub mod idempotency;
mod scope;
pub mod token;

pub use scope::{Scope, Scopes, UnknownScope};
