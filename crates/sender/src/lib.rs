#![doc = include_str!("../README.md")]

pub mod connection;
pub mod dkim;
pub mod relay;
pub mod retry;
