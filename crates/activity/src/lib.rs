#![doc = include_str!("../README.md")]

mod adopt;
mod dialect;
mod engagement;
mod error;
mod fact;
mod forget;
mod kind;
mod reader;
mod record;

pub use adopt::adopt;
pub use engagement::engaged_since;
pub use error::Error;
pub use fact::Fact;
pub use forget::forget;
pub use kind::{InvalidKind, Kind};
pub use reader::{Cursor, advance, advance_from, begin_at_the_end, position, read, read_failures};
pub use record::{add_all, record, record_all};
