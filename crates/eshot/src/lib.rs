#![doc = include_str!("../README.md")]

mod bench;
mod cli;
mod clock;
mod command;
pub mod config;
mod context;
pub mod demo;
mod log;
mod program;
mod relay;
mod serve;

pub use program::main;
