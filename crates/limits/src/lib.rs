#![doc = include_str!("../README.md")]

mod bucket;
mod budget;
mod class;
mod limit;
mod limits;
pub mod pace;
pub mod pause;
mod published;
mod refill;
mod share;
mod slots;
mod standing;
mod stock;
pub mod warm_up;
mod window;

pub use class::{Class, Route};
pub use limit::{Limit, Settings};
pub use limits::{Granted, Limits};
pub use pace::Pace;
pub use pause::Pause;
pub use published::Published;
pub use share::{Cause, ENOUGH, InvalidShare, Level, Share, WINDOW};
pub use standing::{Standing, lift, standings};
pub use warm_up::{Frozen, WarmUp, Warming};
pub use window::{InvalidWindow, Window};
