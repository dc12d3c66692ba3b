//! Openings and clicks: taken at the door, written down in batches, judged a little later, and added up.
//!
//! A [`Hit`] is what a request says. The [`Recorder`] holds hits until they are [written](write), once a second at most and bounded, so
//! that nobody who follows a link waits for the database. What looks like a machine's already by its request is marked by then
//! ([`suspect`]); what it takes more to see, such as all links at once, is for [`judge`], which knows the hits around it and whether the
//! person still agrees to be counted. Hits stay as they came beside what they were counted as, for as long as their brand keeps them
//! ([`expire`]).

mod counts;
mod expire;
mod hit;
mod judge;
mod recorder;
mod store;
mod suspect;

pub use counts::{Count, Counted, counts};
pub use expire::expire;
pub use hit::{Deed, Hit, Whose};
pub use judge::{JudgeError, SETTLED, judge};
pub use recorder::Recorder;
pub use store::{forget, write};
pub use suspect::{Request, suspect};
