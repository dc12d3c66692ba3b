#![doc = include_str!("../README.md")]
#![deny(clippy::print_stdout, reason = "`out::say!` ends the program where nobody reads")]

mod bench;
mod cli;
mod clock;
mod command;
pub mod config;
mod context;
pub mod demo;
mod events;
mod exit;
mod log;
mod mailbox;
mod northfield;
mod out;
mod program;
mod relay;
mod serve;
mod webhooks;

pub use program::main;
