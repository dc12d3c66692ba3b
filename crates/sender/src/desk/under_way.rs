//! What a relay keeps waiting.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::SubscriberId;
use outbox::MailingState;
use subscribers::may_be_mailed;

use super::{Desk, Task};
use crate::Error;
use crate::holding::UNDER_WAY;

impl Desk {
    /// Asks again about those whose message a slow relay has had under way for long: who has left, or whose campaign is held, gets
    /// no final dot. Nobody is in doubt for that, since a relay has nothing before it.
    pub(super) async fn look_at_those_under_way(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let uptime = self.parts.clock.uptime();
        let mut slow: BTreeMap<u64, Vec<(usize, Option<SubscriberId>)>> = BTreeMap::new();
        for (number, seat) in self.seats.iter().enumerate() {
            if let Task::Sending(work, _, look) = &seat.task
                && uptime.saturating_sub(look.since) >= UNDER_WAY
            {
                slow.entry(work.holding).or_default().push((number, work.subscriber));
            }
        }
        for (holding, seats) in slow {
            let Some(holding) = self.holdings.iter().find(|one| one.id == holding) else { continue };
            let ids: Vec<_> = seats.iter().filter_map(|(_, subscriber)| *subscriber).collect();
            let (reader, mailing) = (self.parts.db.reader(), &holding.stationery.mailing);
            let answers = may_be_mailed(reader, mailing.kind, &holding.scope(), &ids, now).await?;
            let mailing = outbox::mailing::find(reader, mailing.no).await?;
            let is_open = mailing.is_some_and(|mailing| mailing.state == MailingState::Open);
            for (seat, subscriber) in seats {
                // A test goes to nobody on file.
                let may = is_open && subscriber.is_none_or(|subscriber| answers.may(subscriber));
                self.seats[seat].looked_under_way(uptime, may);
            }
        }
        Ok(())
    }
}
