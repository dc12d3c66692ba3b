//! Whole walks against real parts.
#![expect(clippy::unwrap_used, reason = "tests")]

mod campaign;
mod layers;
mod one_click;
mod sign_up;
