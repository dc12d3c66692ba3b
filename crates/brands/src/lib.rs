#![doc = include_str!("../README.md")]

mod brand;
mod draft;
mod entity;
mod error;
pub mod key;
mod store;

pub use brand::Brand;
pub use draft::{Draft, Problem, Problems};
pub use error::Error;
pub use store::{create, find, find_by_slug, list, update};
