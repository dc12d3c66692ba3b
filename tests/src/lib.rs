#![doc = include_str!("../README.md")]
#![expect(clippy::expect_used, reason = "a harness that cannot do its part has failed the test")]

mod disk;
mod dovecot;
mod eshot;
mod foreign;
mod letter;
mod list;
mod looks;
mod person;
mod policy;
mod postfix;
mod postgres;
mod returns;
mod staff;
mod tables;
mod traces;
mod view;

pub use disk::SmallDisk;
pub use dovecot::{Dovecot, Folder};
pub use eshot::{Eshot, Installation};
pub use foreign::{MailServer, Make, Ports};
pub use letter::Letter;
pub use list::import;
pub use looks::look;
pub use person::{FORM, fill_in, mail_to, mails_to, sign_up, subscribe, wait_until};
pub use policy::Policy;
pub use postfix::{Postfix, Route, free_address};
pub use postgres::{Postgres, Stop};
pub use returns::{Flood, Gone, give_back, report};
pub use staff::Staff;
pub use tables::Tables;
pub use traces::{Layers, files, postgres_dump};
