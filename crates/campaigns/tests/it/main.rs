//! Campaigns on both databases.

mod drafts;
mod launches;
mod letters;
mod setting;
