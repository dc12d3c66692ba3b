use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{MailboxProvider, MailingNo};
use limits::Class;

use super::Desk;
use crate::Error;
use crate::holding::Exit;

/// What a limit holds back for longer than this is not kept in hand: there would soon be room for nothing else.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// A lane of a mailing that a limit holds back.
pub(super) struct Rest {
    pub(super) mailing: MailingNo,
    pub(super) lane: MailboxProvider,
    pub(super) until: Duration,
}

impl Desk {
    /// Leases what workers could take to the relay now. Where nothing is limited the database is not asked.
    pub(super) async fn refill(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.ask_for_connections();
        let mut asked = None;
        for _ in 0..self.ways.len() {
            let wanted = self.wanted();
            let at: Vec<(u64, usize)> = wanted.iter().map(|(holding, exit, _)| (*holding, exit.way)).collect();
            if asked.as_ref() == Some(&at) {
                break;
            }
            let wanted: Vec<(Class, u32)> = wanted.into_iter().map(|(_, exit, n)| (exit.class, n)).collect();
            self.parts.limits.refill(&self.parts.db, &wanted, now).await?;
            // What turns out to be used up at one relay is another's to take.
            asked = Some(at);
        }
        self.hang_up_too_many();
        Ok(())
    }

    /// By which limited exits holdings are to go, and how much of each could go now.
    fn wanted(&self) -> Vec<(u64, Exit, u32)> {
        let mut room = vec![0_usize; self.ways.len()];
        for seat in self.seats.iter().filter(|seat| seat.has_room(false) || seat.has_room(true)) {
            room[seat.way] += 1;
        }
        let mut wanted = Vec::new();
        for holding in self.in_turn().into_iter().map(|at| &self.holdings[at]) {
            if holding.pieces.is_empty() || self.paused.contains(&holding.lane) {
                continue;
            }
            for exit in self.going(&holding.exits).filter(|exit| exit.class.is_limited()) {
                let most = holding.pieces.len().min(room[exit.way]);
                wanted.push((holding.id, exit.clone(), u32::try_from(most).unwrap_or(u32::MAX)));
            }
            let tried = |exit: &&Exit| exit.class.is_limited() && room[exit.way] > 0 && self.is_due_for_a_trial(exit);
            for exit in self.on_trial(&holding.exits).filter(tried) {
                wanted.push((holding.id, exit.clone(), 1));
            }
        }
        wanted
    }

    /// Whether a relay that takes no mail, or none of this, is to be tried now.
    fn is_due_for_a_trial(&self, exit: &Exit) -> bool {
        let (way, uptime) = (&self.ways[exit.way], self.parts.clock.uptime());
        let whole = !way.is_down() || way.wait(uptime).is_zero() && !self.is_in_use(exit.way);
        whole && (!self.is_refused(exit) || self.is_due_for_one(exit, uptime))
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
        let wait = self.wait_of(holding, uptime);
        if wait > PATIENCE {
            let (mailing, lane) = (holding.stationery.mailing.no, holding.lane.clone());
            self.rests.push(Rest { mailing, lane, until: uptime + wait });
            self.holdings[at].pieces.clear();
        }
    }
}
