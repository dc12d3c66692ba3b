#![doc = include_str!("../README.md")]

mod acknowledge;
mod alert;
mod end;
mod error;
mod raise;
mod store;

pub use acknowledge::acknowledge;
pub use alert::{Alarm, Alert, Subject};
pub use end::{end, end_all_providers_but, lasting_campaigns, lasting_providers, lasts};
pub use error::Error;
pub use raise::{Intent, raise};
pub use store::{find, list};
