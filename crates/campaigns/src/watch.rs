//! Whether too much goes wrong: of each campaign, and at each mailbox provider.

mod campaign;
mod failures;
mod provider;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use database::lease::Lease;
use domain::{CampaignId, MailboxProvider, MailingNo};
use outbox::recent::{self, BusyLane, Ended};

use crate::{Error, store};

/// Lanes in which nothing was handed out for so long have nothing new to tell.
const BUSY: TimeDelta = TimeDelta::minutes(15);

/// It is looked so often although nothing seems to have failed: what is tried again and fails again changes no count.
const AT_LEAST_EVERY: TimeDelta = TimeDelta::seconds(30);

/// How many deliveries of a lane are looked at: the window, and as many as may be with the relay at the moment.
const LOOKED_AT: u32 = 300;

/// Looks after what is being sent. It remembers what it has seen, so that a look at what goes well costs next to nothing; who
/// begins without memory only looks once more.
#[derive(Debug, Default)]
pub struct Watch {
    troubles: Option<BTreeMap<MailingNo, i64>>,
    looked_at: Option<DateTime<Utc>>,
}

/// The attempts of the last minutes, as far as anybody has to look at them.
#[derive(Default)]
struct Seen {
    providers: BTreeMap<MailboxProvider, Vec<Ended>>,
    campaigns: BTreeMap<CampaignId, Vec<Ended>>,
}

impl Watch {
    /// Looks once: pauses campaigns and providers of which too much goes wrong, and raises the alerts.
    ///
    /// Whoever calls it holds `lease`, one role for all instances. What fails for one campaign or provider is logged, and
    /// holds up no other.
    pub async fn round(&mut self, db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
        let concerned = failures::count(db, lease, now).await?;
        let seen = match self.is_news(db, now).await? {
            true => look(db, now).await?,
            false => Seen::default(),
        };
        let Concerned { mut campaigns, lanes } = concerned;
        campaigns.extend(seen.campaigns.keys().copied());
        for id in campaigns {
            let attempts = seen.campaigns.get(&id).map_or(&[][..], Vec::as_slice);
            match campaign::judge(db, lease, id, attempts, now).await {
                // Somebody was at it between the look and the act: the next look sees it as it then is.
                Ok(()) | Err(Error::Conflict { .. } | Error::State(_)) => {}
                Err(error) => store::passed_over("watching", id, error)?,
            }
        }
        for (name, attempts) in &seen.providers {
            judge(db, lease, name, attempts, now).await?;
        }
        for lane in lanes.values() {
            let mut attempts = recent::last_ended(db.reader(), lane, LOOKED_AT).await?;
            newest_first(&mut attempts);
            judge(db, lease, &lane.lane, &attempts, now).await?;
        }
        campaign::end_old(db, lease, now).await?;
        provider::tell(db, lease, now).await
    }

    /// Whether anything has failed since the last look, or nobody has looked for a while.
    async fn is_news(&mut self, db: &Database, now: DateTime<Utc>) -> Result<bool, Error> {
        let troubles = recent::troubles(db.reader()).await?;
        let troubles: BTreeMap<_, _> =
            troubles.into_iter().map(|trouble| (trouble.mailing_no, trouble.count)).collect();
        let is_new = self.troubles.as_ref() != Some(&troubles);
        let is_due = self.looked_at.is_none_or(|at| now >= at + AT_LEAST_EVERY);
        if is_new || is_due {
            (self.troubles, self.looked_at) = (Some(troubles), Some(now));
        }
        Ok(is_new || is_due)
    }
}

async fn look(db: &Database, now: DateTime<Utc>) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for lane in recent::busy_lanes(db.reader(), now - BUSY).await? {
        let ended = recent::last_ended(db.reader(), &lane, LOOKED_AT).await?;
        if let Some(campaign) = lane.campaign_id {
            seen.campaigns.entry(campaign).or_default().extend(ended.iter().cloned());
        }
        seen.providers.entry(lane.lane).or_default().extend(ended);
    }
    seen.campaigns.values_mut().chain(seen.providers.values_mut()).for_each(|attempts| newest_first(attempts));
    Ok(seen)
}

fn newest_first(attempts: &mut [Ended]) {
    attempts.sort_by_key(|attempt| std::cmp::Reverse(attempt.at));
}

/// Judges a provider; that one cannot be judged holds up no other.
async fn judge(
    db: &Database,
    lease: &Lease,
    name: &MailboxProvider,
    attempts: &[Ended],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match provider::judge(db, lease, name, attempts, now).await {
        Err(error) if !store::is_lost(&error) => {
            tracing::error!(provider = %name, error = &error as &dyn std::error::Error, "watching {name} failed");
            Ok(())
        }
        judged => judged,
    }
}

/// How many of the last attempts after `since` were of this class.
fn share_of(attempts: &[Ended], class: verdict::Class, since: Option<DateTime<Utc>>) -> limits::Share {
    let counted = attempts.iter().filter(|attempt| since.is_none_or(|since| attempt.at > since));
    // That our relay has enough for today says nothing of the provider.
    let is_of_relay = |attempt: &Ended| attempt.rule.as_deref().is_some_and(verdict::is_of_relay);
    let failed = |attempt: &Ended| attempt.class.as_deref() == Some(class.as_str()) && !is_of_relay(attempt);
    limits::Share::of_last(counted.map(failed))
}

/// Of what something is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Concerned {
    campaigns: BTreeSet<CampaignId>,
    /// Where mail came back because the provider refuses us, each up to the last that did.
    lanes: BTreeMap<(MailingNo, MailboxProvider), BusyLane>,
}

impl Concerned {
    fn add(&mut self, more: Self) {
        self.campaigns.extend(more.campaigns);
        for (name, lane) in more.lanes {
            let known = self.lanes.entry(name).or_insert_with(|| lane.clone());
            known.mark = known.mark.max(lane.mark);
        }
    }
}
