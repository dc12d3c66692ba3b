//! A campaign's deliveries as a table: whose each is, how far it has come, and what was said last.

mod csv;

use std::collections::HashMap;

use domain::{EmailAddress, MailingNo, Ordinal, SubscriberId};
use outbox::State;
use outbox::ledger::Entry;
use sea_orm::ConnectionTrait;

pub use self::csv::HEADER;
use crate::Error;

/// How many lines are read at a time.
const PAGE: u32 = 500;

/// One delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How far it has come, with the last attempt at it.
    pub entry: Entry,
    /// Where it goes, unless the person was erased.
    pub address: Option<EmailAddress>,
}

/// The next few hundred lines of a mailing's ledger, all or those in one state, behind `after`. None are left where none come.
pub async fn lines(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    state: Option<State>,
    after: Option<Ordinal>,
) -> Result<Vec<Line>, Error> {
    let entries = outbox::ledger::page(conn, mailing, state, after, PAGE).await?;
    let ids: Vec<SubscriberId> = entries.iter().filter_map(|entry| entry.delivery.subscriber).collect();
    let people = if ids.is_empty() { Vec::new() } else { subscribers::recipients(conn, &ids).await? };
    let addresses: HashMap<SubscriberId, EmailAddress> =
        people.into_iter().map(|person| (person.id, person.email)).collect();
    let line = |entry: Entry| {
        let given = entry.delivery.recipient.clone();
        let of = |id| addresses.get(&id).cloned();
        Line { address: given.or_else(|| entry.delivery.subscriber.and_then(of)), entry }
    };
    Ok(entries.into_iter().map(line).collect())
}
