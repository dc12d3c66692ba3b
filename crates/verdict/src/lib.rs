#![doc = include_str!("../README.md")]

pub mod built_in;
mod class;
mod judge;
mod rules;
mod witness;
mod words;

pub use class::{Class, InvalidClass};
pub use judge::{Codes, Verdict, codes, judge, judge_event, judge_report};
pub use rules::{Rule, is_of_relay, rules};
