//! Connection slots: how many may be under way at one time, over all instances.

use std::time::Duration;

use chrono::{DateTime, Utc};
use database::lease::DISAGREEMENT;
use database::sql;
use domain::InstanceId;
use sea_orm::{ConnectionTrait, DbErr};

/// For how long slots are an instance's without a word from it.
const TTL: Duration = Duration::from_secs(30);

/// How often it renews them, and how long before their end it stops to act on them if it could not.
const RENEW: Duration = Duration::from_secs(5);
const MARGIN: Duration = Duration::from_secs(5);

/// How soon it is asked again for slots that others have.
const AGAIN: Duration = Duration::from_millis(500);

/// The slots of one limit that this instance has.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    /// How many there are for all instances.
    pub(crate) all: u32,
    /// How many are in use here.
    pub(crate) busy: u32,
    /// How many may be in use here. Fewer than are in use, where others wait for their share.
    may: u32,
    until: Duration,
    renew_at: Duration,
    ask_at: Duration,
}

impl Slots {
    pub(crate) fn of(all: u32) -> Self {
        let never = Duration::ZERO;
        Self { all, busy: 0, may: 0, until: never, renew_at: never, ask_at: never }
    }

    /// How many may be in use.
    pub(crate) fn may(&self, uptime: Duration) -> u32 {
        if uptime < self.until { self.may } else { 0 }
    }

    /// How many more may be.
    pub(crate) fn free(&self, uptime: Duration) -> u32 {
        self.may(uptime).saturating_sub(self.busy)
    }

    /// Whether the database is to be asked, if so many are wanted, those in use included.
    pub(crate) fn asks(&self, wanted: u32, uptime: Duration) -> bool {
        let short = wanted.min(self.all) > self.may(uptime) && uptime >= self.ask_at;
        let renew = wanted > 0 && uptime >= self.renew_at && uptime >= self.ask_at;
        // What is no longer wanted is another's.
        let spare = wanted == 0 && self.may > 0 && uptime >= self.renew_at;
        short || renew || spare
    }

    /// What the database has given.
    pub(crate) fn given(&mut self, may: u32, wanted: u32, uptime: Duration) {
        self.may = may;
        self.until = uptime + TTL - MARGIN;
        // Somebody who waits gets a share soon.
        self.renew_at = uptime + if may < wanted { AGAIN } else { RENEW };
        self.ask_at = uptime + AGAIN;
    }
}

/// Takes, renews or gives back slots. The key's row in `budgets` has to be locked: it is what instances queue for.
pub(crate) async fn lease(
    txn: &impl ConnectionTrait,
    key: &str,
    slots: &Slots,
    wanted: u32,
    holder: InstanceId,
    now: DateTime<Utc>,
) -> Result<u32, DbErr> {
    // What lasts for longer than it can was written by a clock that was set back.
    let of_others = "SELECT n, wanted FROM connection_slots \
                     WHERE key = $1 AND holder <> $2 AND expires_at > $3 AND expires_at <= $4";
    let latest = now + TTL + DISAGREEMENT;
    let (mut taken, mut others) = (0, Vec::new());
    for row in sql::rows(txn, of_others, [key.into(), holder.into(), now.into(), latest.into()]).await? {
        let (n, wanted): (i32, i32) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let has = u32::try_from(n).unwrap_or_default();
        taken += has;
        others.extend(u32::try_from(wanted).ok().filter(|wanted| *wanted > 0).map(|wants| (has, wants)));
    }
    let may = wanted.min(fair(slots.all, &others)).min(slots.all.saturating_sub(taken));
    // What is in use is in use, whatever the share; it shrinks as messages end.
    let n = may.max(slots.busy);
    if n == 0 && wanted == 0 {
        let free = "DELETE FROM connection_slots WHERE key = $1 AND holder = $2";
        sql::execute(txn, free, [key.into(), holder.into()]).await?;
        return Ok(0);
    }
    let hold = "INSERT INTO connection_slots (key, holder, n, wanted, expires_at) VALUES ($1, $2, $3, $4, $5) \
                ON CONFLICT (key, holder) DO UPDATE SET n = excluded.n, wanted = excluded.wanted, \
                    expires_at = excluded.expires_at";
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let values = [key.into(), holder.into(), number(n).into(), number(wanted).into(), (now + TTL).into()];
    sql::execute(txn, hold, values).await?;
    Ok(may)
}

/// An equal share of `all`, and what is left over when each of the others, who has and wants so many, has got theirs.
fn fair(all: u32, others: &[(u32, u32)]) -> u32 {
    let holders = u32::try_from(others.len()).unwrap_or(u32::MAX).saturating_add(1);
    let share = (all / holders).max(1);
    if others.iter().any(|(has, wants)| *has < share.min(*wants)) {
        return share;
    }
    let theirs: u32 = others.iter().map(|(_, wants)| share.min(*wants)).sum();
    all.saturating_sub(theirs).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_equal_where_it_is_wanted_and_nothing_is_left_over() {
        for (all, others, expected) in [
            (5, vec![], 5),
            (5, vec![(0, 8)], 2),
            (5, vec![(2, 8)], 3),
            (5, vec![(1, 1)], 4),
            (6, vec![(2, 8), (2, 8)], 2),
            (5, vec![(3, 8), (0, 8)], 1),
            (5, vec![(1, 8), (1, 8)], 3),
            (1, vec![(1, 8), (0, 8)], 1),
        ] {
            assert_eq!(fair(all, &others), expected, "{all} and {others:?}");
        }
    }
}
