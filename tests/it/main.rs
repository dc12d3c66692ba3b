//! Whole walks against real parts.
#![expect(clippy::unwrap_used, reason = "tests")]

mod layers;
mod sign_up;
