//! Tells another program what happens, in whichever instance has the lease of it: in order, each event at least once, and none
//! before it is committed.

use std::time::Duration;

use database::lease::Lease;

use super::Shared;
use super::scheduler::{every, held_for, next, told};
use crate::events::{Message, Teller, Untold};

/// The reader of the facts, and the lease.
pub(super) const ROLE: &str = "events";

/// How often it is looked for news.
const LOOKS: Duration = Duration::from_secs(1);

/// How long the role stays with an instance that says nothing any more: an answer is waited for, for less.
const TTL: Duration = Duration::from_secs(30);

/// How many facts are read at a time; most are of no interest.
const PAGE: u32 = 500;

/// Tells until the instance ends.
pub(super) async fn telling(shared: &Shared, mut teller: Teller) {
    let mut tick = every(LOOKS);
    while next(&mut tick, shared).await {
        while teller.is_ready(shared.context.now()) {
            let Some(lease) = held_for(shared, ROLE, TTL).await else { break };
            let more = tokio::select! {
                () = shared.stop.cancelled() => return,
                page = page(shared, &lease, &mut teller) => told("reading events", page),
            };
            if more != Some(true) {
                break;
            }
        }
    }
}

/// Tells what is next, for half of the lease at most. False where nothing more is to be told now.
async fn page(shared: &Shared, lease: &Lease, teller: &mut Teller) -> Result<bool, activity::Error> {
    let conn = shared.db.writer();
    activity::begin_at_the_end(conn, ROLE).await?;
    let facts = activity::read(shared.db.reader(), ROLE, PAGE).await?;
    let mut more = facts.len() == PAGE as usize;
    let mut passed = None;
    for (cursor, fact) in facts {
        if shared.context.now() + TTL / 2 >= lease.expires_at {
            more = true;
            break;
        }
        if teller.endpoint().wants(&fact) {
            let message = Message::about(cursor, &fact);
            let outcome = teller.tell(&message, shared.context.now()).await;
            if !note(&message, outcome) {
                more = false;
                break;
            }
            // At once: an instance that ends here would tell it again.
            activity::advance(conn, ROLE, cursor).await?;
            passed = None;
        } else {
            passed = Some(cursor);
        }
    }
    if let Some(cursor) = passed {
        activity::advance(conn, ROLE, cursor).await?;
    }
    Ok(more)
}

/// Says whether the next one may be told.
fn note(message: &Message, outcome: Result<(), Untold>) -> bool {
    let (word, goes_on) = match &outcome {
        Ok(()) => ("told", true),
        Err(Untold::GivenUp { .. }) => ("given_up", true),
        Err(_) => ("failed", false),
    };
    metrics::counter!("eshot_events_total", "outcome" => word).increment(1);
    if let Err(error) = outcome {
        tracing::error!(error = &error as &dyn std::error::Error, event = message.id, "{error}");
    }
    goes_on
}
