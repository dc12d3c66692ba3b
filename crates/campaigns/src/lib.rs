#![doc = include_str!("../README.md")]

mod act;
mod campaign;
mod draft;
mod drain;
mod entity;
mod error;
mod event;
mod launch;
mod letter;
mod look;
mod person;
mod preview;
mod report;
mod status;
mod store;
mod test_mail;
mod view;

pub use act::{cancel, pause, resume, schedule, submit, unschedule};
pub use campaign::{Campaign, Draft};
pub use draft::{create, update};
pub use drain::{finish_drained, settle_cancelled};
pub use error::Error;
pub use event::{HistoryEntry, history};
pub use launch::{Launch, launch_due};
pub use letter::{Letter, Reader, letter};
pub use look::{look, site};
pub use person::person;
pub use preview::preview;
pub use report::{Facts, Report, Submission, report};
pub use status::{CampaignEvent, CampaignStatus, InvalidStatus, InvalidTransition};
pub use store::{Filter, find, find_by_mailing, list};
pub use test_mail::test_mail;
pub use view::view;
