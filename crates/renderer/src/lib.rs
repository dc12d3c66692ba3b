#![doc = include_str!("../README.md")]

mod assets;
mod catalogue;
mod check;
mod colour;
mod compile;
mod counted;
mod document;
mod effort;
mod error;
mod escape;
mod field;
mod footer;
mod look;
mod markup;
mod merge;
mod page;
mod program;
mod rendered;
mod segments;
mod source;
mod starters;
mod template;
mod text;
mod theme;
mod tokens;
mod values;

pub mod mime;
pub mod system;

pub use assets::{ASSETS_PATH, Asset, asset};
pub use catalogue::Catalogue;
pub use colour::{Colour, InvalidColour};
pub use compile::{Compiled, compile};
pub use error::{MessageError, Part, Problem, RenderError, TemplateError};
pub use look::Look;
pub use merge::{Merge, MergeLinks, Person};
pub use rendered::Rendered;
pub use segments::Segments;
pub use source::Source;
pub use starters::{Starter, starters};
