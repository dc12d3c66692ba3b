#![doc = include_str!("../README.md")]

mod acts;
mod answer;
mod attempt;
mod change;
mod claim;
mod counts;
mod decide;
mod delivery;
mod dialect;
pub mod enqueue;
mod error;
pub mod fact;
mod forget;
mod lease;
pub mod ledger;
pub mod mailing;
mod phase;
#[cfg(test)]
mod plans;
mod presume;
mod reap;
pub mod recent;
mod record;
pub mod round;
mod skip;
mod state;
mod submit;
mod turn;

pub use answer::{Answer, Outcome};
pub use attempt::{Attempt, attempts, attempts_between, of_relay_message};
pub use claim::{Batch, Claim, Claimed, claim};
pub use counts::{Counts, counts, totals};
pub use decide::{Decision, decide, decide_all, give_up, resend};
pub use delivery::{Delivery, among, find, list};
pub use error::Error;
pub use forget::{forget, forget_address, keys_of};
pub use lease::{Lease, holders, release, renew};
pub use mailing::{Mailing, MailingState};
pub use phase::{InvalidPhase, Phase};
pub use presume::presume;
pub use reap::reap;
pub use record::{Recorded, record};
pub use skip::{skip, skip_rest};
pub use state::{Event, InvalidState, InvalidTransition, State};
pub use submit::{Submitted, submit};
pub use turn::{Turn, turn};
