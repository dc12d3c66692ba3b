#![doc = include_str!("../README.md")]

mod postfix;

pub use postfix::{Postfix, Route, free_address};
