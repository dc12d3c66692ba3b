#![doc = include_str!("../README.md")]

mod class;
mod judge;
mod rules;
mod words;

pub use class::{Class, InvalidClass};
pub use judge::{Verdict, judge, judge_report};
pub use rules::{Rule, rules};
