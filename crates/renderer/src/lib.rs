#![doc = include_str!("../README.md")]

mod assets;
mod catalogue;
mod colour;
mod compile;
mod error;
mod look;
mod merge;
mod rendered;
mod source;
mod starters;

pub mod mime;
pub mod system;

pub use assets::{Asset, asset};
pub use catalogue::Catalogue;
pub use colour::{Colour, InvalidColour};
pub use compile::{Compiled, compile};
pub use error::{Part, Problem, RenderError, TemplateError};
pub use look::Look;
pub use merge::{Merge, MergeLinks, Person};
pub use rendered::Rendered;
pub use source::Source;
pub use starters::{Starter, starters};
