//! Whole walks against real parts.

mod layers;
