#![doc = include_str!("../README.md")]

mod counted;
mod delivery;
pub mod path;
mod person;
mod request;
mod site;
mod token;
mod view;

pub use counted::Anonymous;
pub use person::Person;
pub use site::{InvalidSite, Site};
pub use token::{Links, Refused, Unfit};
