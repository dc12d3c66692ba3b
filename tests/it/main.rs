//! Whole walks against real parts.
#![expect(clippy::unwrap_used, reason = "tests")]

mod campaign;
mod consent;
mod counted;
mod erasure;
mod events;
mod layers;
mod ledger;
mod looking;
mod mailbox;
mod mutations;
mod one_click;
mod relays;
mod returned;
mod servers;
mod shares;
mod sign_up;
mod signed;
mod stored;
mod stranger;
mod tokens;
mod upgrade;
mod webhooks;
