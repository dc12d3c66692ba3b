use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{MailboxProvider, MailingNo};
use limits::Class;

use super::Desk;
use crate::Error;

/// What a limit holds back for longer than this is not kept in hand: there would soon be room for nothing else.
const PATIENCE: Duration = Duration::from_secs(2);

/// A lane of a mailing that a limit holds back.
pub(super) struct Rest {
    pub(super) mailing: MailingNo,
    pub(super) lane: MailboxProvider,
    pub(super) until: Duration,
}

impl Desk {
    /// Leases what workers could take to the relay now. Where nothing is limited the database is not asked.
    pub(super) async fn refill(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let room = self.seats.iter().filter(|seat| seat.has_room(false) || seat.has_room(true)).count();
        let limited = |holding: &&crate::holding::Holding| {
            holding.class.is_limited() && !holding.pieces.is_empty() && !self.paused.contains(&holding.lane)
        };
        let order = self.in_turn();
        let wanted: Vec<(Class, u32)> = order
            .iter()
            .map(|at| &self.holdings[*at])
            .filter(limited)
            .map(|holding| (holding.class.clone(), u32::try_from(holding.pieces.len().min(room)).unwrap_or(u32::MAX)))
            .collect();
        self.ask_for_connections();
        self.parts.limits.refill(&self.parts.db, &wanted, now).await?;
        self.hang_up_too_many();
        Ok(())
    }

    /// How long a limit holds this class back, as far as is known.
    pub(super) fn held_back(&self, class: &Class) -> Duration {
        self.parts.limits.look(class, 1).wait
    }

    /// Gives a holding back that a limit holds back for long.
    pub(super) fn let_rest(&mut self, at: usize, uptime: Duration) {
        let holding = &self.holdings[at];
        if holding.open > 0 || holding.pieces.is_empty() {
            return;
        }
        let wait = self.held_back(&holding.class);
        if wait > PATIENCE {
            let (mailing, lane) = (holding.stationery.mailing.no, holding.lane.clone());
            self.rests.push(Rest { mailing, lane, until: uptime + wait });
            self.holdings[at].pieces.clear();
        }
    }
}
