#![doc = include_str!("../README.md")]

mod cli;
mod clock;
mod command;
pub mod config;
mod context;
mod log;
mod program;

pub use program::main;
