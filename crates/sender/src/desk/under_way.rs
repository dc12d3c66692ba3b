//! What a relay keeps waiting.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::SubscriberId;
use subscribers::may_be_mailed;

use super::{Desk, Task};
use crate::Error;
use crate::holding::is_stale;

impl Desk {
    /// Asks again about those whose message a slow relay has had under way for long: who has left gets no final dot. Nobody
    /// is in doubt for that, since a relay has nothing before it.
    pub(super) async fn look_at_those_under_way(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let uptime = self.parts.clock.uptime();
        let mut slow: BTreeMap<u64, Vec<(usize, Option<SubscriberId>)>> = BTreeMap::new();
        for (number, seat) in self.seats.iter().enumerate() {
            if let Task::Sending(work, ..) = &seat.task
                && is_stale(work.looked_at, uptime)
            {
                slow.entry(work.holding).or_default().push((number, work.subscriber));
            }
        }
        for (holding, seats) in slow {
            let Some(holding) = self.holdings.iter().find(|one| one.id == holding) else { continue };
            let ids: Vec<_> = seats.iter().filter_map(|(_, subscriber)| *subscriber).collect();
            let kind = holding.stationery.mailing.kind;
            let answers = may_be_mailed(self.parts.db.reader(), kind, &holding.scope(), &ids, now).await?;
            for (seat, subscriber) in seats {
                // A test goes to nobody on file.
                self.seats[seat].looked_under_way(uptime, subscriber.is_none_or(|subscriber| answers.may(subscriber)));
            }
        }
        Ok(())
    }
}
