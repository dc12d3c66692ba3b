//! A relay that nobody knows yet gets little mail at first, and more each day: how much, to each mailbox provider.

mod config;
mod row;

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use chrono::{DateTime, NaiveDate, Utc};
use domain::MailboxProvider;

pub use self::config::{Growth, InvalidGrowth};
pub(crate) use self::row::settle;
pub use self::row::{counts, freeze, is_under_way, warmings};

/// How a relay is warmed up at each mailbox provider: so many messages of campaigns on the first day, and more on each that follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WarmUp {
    /// How many on the first day.
    pub start: NonZeroU32,
    /// How many on the first day to providers for which that is another number.
    pub providers: BTreeMap<MailboxProvider, NonZeroU32>,
    /// By what the amount grows from day to day.
    pub growth: Growth,
    /// It is over when a day's amount would be so much or more.
    pub ceiling: NonZeroU32,
}

/// How far a relay is warmed up at a provider. For people who look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warming {
    /// The relay's name.
    pub relay: String,
    /// Whose mailboxes.
    pub provider: MailboxProvider,
    /// Since when.
    pub begun_at: DateTime<Utc>,
    /// The day of the schedule, from 1 on: days that were hardly used, or on which something went wrong, are not counted.
    pub day: u32,
    /// How many messages may go today.
    pub amount: u32,
    /// How many have gone today.
    pub used: u32,
    /// The last day after which the amount did not grow, or will not, because something went wrong.
    pub frozen: Option<Frozen>,
}

/// Why a day did not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// Which day (UTC).
    pub on: NaiveDate,
    /// The rule that said so.
    pub rule: String,
    /// What went wrong.
    pub words: String,
}

impl WarmUp {
    /// How many messages may go to a provider when so many days have counted; nothing once it is over.
    pub fn amount(&self, provider: &MailboxProvider, days: u32) -> Option<u32> {
        let ceiling = f64::from(self.ceiling.get());
        let mut amount = f64::from(self.providers.get(provider).unwrap_or(&self.start).get());
        for _ in 0..days {
            if amount >= ceiling {
                return None;
            }
            amount *= self.growth.factor();
        }
        // Below the ceiling, so below `u32::MAX`.
        let amount = amount.round();
        (amount < ceiling).then_some(amount as u32)
    }
}

/// What a relay is to one provider: by which plan it is warmed up there.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) relay: String,
    pub(crate) provider: MailboxProvider,
    pub(crate) warm_up: WarmUp,
}

impl Plan {
    /// Under which key it is counted what has gone.
    pub(crate) fn key(&self) -> String {
        key(&self.relay, &self.provider)
    }
}

fn key(relay: &str, provider: &MailboxProvider) -> String {
    // A provider's name has no colon; a relay's may, as in HOST:PORT.
    format!("warm-up:{provider}:{relay}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warm_up(text: &str) -> WarmUp {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_day_s_amount_is_that_of_the_day_before_times_the_growth() {
        let (plan, gmail, gmx) = (warm_up("start = 20\nproviders = { gmx = 5 }"), "gmail".parse(), "gmx".parse());
        let (gmail, gmx) = (gmail.unwrap(), gmx.unwrap());
        let amounts = |provider, days: &[u32]| -> Vec<Option<u32>> {
            days.iter().map(|day| plan.amount(provider, *day)).collect()
        };
        // SendGrid's automatic warm-up of an IP address: https://www.twilio.com/docs/sendgrid/ui/sending-email/warming-up-an-ip-address
        let days = [0, 1, 2, 3, 4, 5, 7, 10, 14];
        let published = [20, 28, 39, 55, 77, 108, 211, 579, 2_222].map(Some);
        assert_eq!(amounts(&gmail, &days), published);
        assert_eq!(amounts(&gmx, &[0, 1, 2]), [5, 7, 10].map(Some));
    }

    #[test]
    fn it_is_over_when_the_amount_would_reach_the_ceiling() {
        let (plan, gmail) = (warm_up("start = 10\ngrowth = 2\nceiling = 80"), "gmail".parse().unwrap());
        assert_eq!([0, 1, 2, 3, 4].map(|day| plan.amount(&gmail, day)), [Some(10), Some(20), Some(40), None, None]);
        assert_eq!(plan.amount(&gmail, u32::MAX), None);
    }
}
