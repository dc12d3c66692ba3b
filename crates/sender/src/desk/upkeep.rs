use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::MailboxProvider;
use limits::Pause;

use super::Desk;
use crate::Error;
use crate::holding::UNDER_WAY;

/// How often it is looked which providers are paused, and what lost workers have left behind.
const LOOK: Duration = Duration::from_secs(1);

/// No wait is shorter than this, so that clocks that disagree do not make it spin.
const BLINK: Duration = Duration::from_millis(1);

impl Desk {
    /// Keeps what is in hand: looks what is paused, renews leases, gives back what is done, and reaps.
    pub(super) async fn upkeep(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let uptime = self.parts.clock.uptime();
        let is_looking = uptime >= self.next_look;
        if is_looking {
            let pauses = limits::pause::active(self.parts.db.reader(), now).await?;
            self.keep_the_paces(&pauses, now).await?;
            self.paused = pauses.into_iter().map(|pause| pause.provider).collect();
        }
        for at in (0..self.holdings.len()).rev() {
            if self.paused.contains(&self.holdings[at].lane) {
                // Others could not send it either, but its lease would have to be kept for as long as the pause lasts.
                self.holdings[at].pieces.clear();
            }
            self.let_rest(at, uptime);
            if self.holdings[at].is_finished() {
                outbox::release(&self.parts.db, &self.holdings[at].lease, now).await?;
                self.holdings.remove(at);
                // Its lane may have more.
                self.next_claim = Duration::ZERO;
            } else if uptime >= self.holdings[at].deadline.renew_at || self.holdings[at].lease.is_set_back(now) {
                self.renew(at, uptime, now).await?;
            }
        }
        if is_looking {
            // When what is ours is renewed: who sets the clock back makes it look like what a lost worker has left.
            self.reap(now).await?;
            self.next_look = uptime + LOOK;
        }
        Ok(())
    }

    /// Goes by the paces that providers have asked for or come back in, and shows them.
    async fn keep_the_paces(&mut self, pauses: &[Pause], now: DateTime<Utc>) -> Result<(), Error> {
        let mut paces = limits::pace::active(self.parts.db.reader(), now).await?;
        for pause in pauses {
            let begins = paces.iter().any(|pace| pace.provider == pause.provider && pace.recovers_from >= pause.until);
            if !begins && let Some(pace) = self.ease_in(pause, now).await? {
                paces.retain(|slower| slower.provider != pace.provider);
                paces.push(pace);
            }
        }
        let changed = self.parts.limits.adapt(&paces, now);
        self.rests.retain(|rest| !changed.contains(&rest.lane));
        for at in 0..self.holdings.len() {
            if changed.contains(&self.holdings[at].lane) {
                self.holdings[at].exits = self.exits(&self.holdings[at].stationery, &self.holdings[at].lane);
            }
        }
        let share = |provider: &MailboxProvider| {
            paces.iter().find(|pace| pace.provider == *provider).map_or(100, |pace| pace.per_cent(now))
        };
        for provider in changed.iter().chain(paces.iter().map(|pace| &pace.provider)) {
            metrics::gauge!("eshot_provider_pace", "provider" => provider.to_string())
                .set(share(provider) as f64 / 100.0);
        }
        Ok(())
    }

    async fn reap(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let doubtful = outbox::reap(&self.parts.db, self.parts.instance, now).await?;
        if doubtful > 0 {
            tracing::warn!("{doubtful} deliveries are in doubt: whoever was submitting them is gone");
        }
        Ok(())
    }

    async fn renew(&mut self, at: usize, uptime: Duration, now: DateTime<Utc>) -> Result<(), Error> {
        let holding = &mut self.holdings[at];
        match outbox::renew(&self.parts.db, &holding.lease, self.settings.lease, now).await? {
            Some(lease) => {
                holding.lease = lease;
                holding.deadline.extend(uptime, self.settings.lease);
            }
            None => {
                // Somebody else may have it by now. Answers that still come are written down by attempt, not by lease.
                holding.pieces.clear();
                holding.deadline.end();
                holding.deadline.renew_at = Duration::MAX;
            }
        }
        Ok(())
    }

    /// Gives everything back that nobody works on.
    pub(super) async fn release_all(&mut self) -> Result<(), Error> {
        let now = self.now();
        let read = self.reading.take().map(|reading| reading.lease);
        for lease in std::mem::take(&mut self.holdings).into_iter().map(|holding| holding.lease).chain(read) {
            outbox::release(&self.parts.db, &lease, now).await?;
        }
        self.parts.limits.surrender(&self.parts.db, now).await?;
        Ok(())
    }

    /// Gives everything back, for good.
    pub(super) async fn leave(&mut self) -> Result<(), Error> {
        self.release_all().await?;
        outbox::round::forget(&self.parts.db, self.parts.instance).await?;
        Ok(())
    }

    /// How long nothing has to be done, if no worker reports.
    pub(super) fn until_something_is_due(&self) -> Duration {
        let uptime = self.parts.clock.uptime();
        let relay = self.ways.iter().filter_map(|way| way.shortest_wait(uptime)).min();
        let claim = self.next_claim.saturating_sub(uptime);
        let waits = [
            Some(self.settings.idle),
            self.limited,
            relay,
            Some(claim).filter(|wait| !wait.is_zero()),
            self.is_sending().then_some(UNDER_WAY),
        ];
        waits.into_iter().flatten().min().unwrap_or(self.settings.idle).max(BLINK)
    }
}
