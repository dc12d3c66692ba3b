use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Actor, DeliveryKey, MailKind, MailboxProvider, MailingNo};
use limits::Class;
use outbox::{Batch, Claim};

use super::Desk;
use super::reading::Reading;
use crate::Error;
use crate::compose::ComposeError;
use crate::holding::{Exit, Holding};

/// How many batches may be in hand at once: one for each provider that is waited for, and some more.
const MOST: usize = 16;

/// How many seconds' worth of permits is claimed ahead.
const AHEAD: f64 = 5.0;

/// How many seconds' worth is still in hand when more is claimed: reading a batch takes less.
const MEANWHILE: f64 = 0.5;

impl Desk {
    /// Claims until there is enough for every worker, or no more.
    pub(super) async fn claim(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.take_in_what_is_read(now).await?;
        loop {
            let uptime = self.parts.clock.uptime();
            let relay_down = self.ways.iter().all(|way| way.is_down() && !way.wait(uptime).is_zero());
            let enough = self.reading.is_some() || self.holdings.len() >= MOST || self.has_enough();
            // What somebody waits for is not kept waiting by what is in hand.
            let next = if enough { self.next_urgent } else { self.next_claim };
            if relay_down || uptime < next {
                return Ok(());
            }
            self.next_urgent = uptime + self.settings.idle;
            let resting = self.resting(uptime);
            let claim = Claim {
                holder: self.parts.instance,
                blocked: &self.paused,
                resting: &resting,
                urgent_only: enough,
                limit: u32::try_from(self.batch()).unwrap_or(u32::MAX),
                ttl: self.settings.lease,
            };
            match outbox::claim(&self.parts.db, &claim, now).await? {
                Some(batch) => self.begin_to_read(batch, uptime, now).await?,
                None if enough => return Ok(()),
                None => self.next_claim = uptime + self.settings.idle,
            }
        }
    }

    /// Whether workers will find enough that may go until more is claimed and read.
    fn has_enough(&self) -> bool {
        let ready = self.holdings.iter().filter(|holding| self.is_ready(holding));
        let enough = ready.map(|holding| self.enough(&holding.exits)).max();
        self.ready_pieces() >= enough.unwrap_or(self.seats.len())
    }

    /// How many pieces that go by these exits are enough for the moment: what goes while more is read, by what goes at present.
    fn enough(&self, exits: &[Exit]) -> usize {
        let meanwhile = self.within(exits, MEANWHILE).min(self.speed.within(MEANWHILE)).min(self.batch() / 2);
        self.seats.len().max(meanwhile)
    }

    /// How many pieces may go now that nobody works on yet.
    pub(super) fn ready_pieces(&self) -> usize {
        let ready = self.holdings.iter().filter(|holding| self.is_ready(holding));
        ready.map(|holding| holding.pieces.len()).sum()
    }

    /// Lanes of which no more is wanted: those of which enough is in hand, and those that a limit holds back.
    fn resting(&mut self, uptime: Duration) -> Vec<(MailingNo, MailboxProvider)> {
        self.rests.retain(|rest| uptime < rest.until);
        let enough =
            |holding: &&Holding| holding.pieces.len() >= self.enough(&holding.exits) || !self.is_ready(holding);
        let in_hand =
            self.holdings.iter().filter(enough).map(|holding| (holding.stationery.mailing.no, holding.lane.clone()));
        self.rests.iter().map(|rest| (rest.mailing, rest.lane.clone())).chain(in_hand).collect()
    }

    /// Begins to read a batch. What somebody waits for is taken in hand at once, and whatever it is if there is nothing else to do.
    async fn begin_to_read(&mut self, mut batch: Batch, uptime: Duration, now: DateTime<Utc>) -> Result<(), Error> {
        let stationery = match self.shelf.of(self.parts.db.reader(), &batch.mailing, uptime).await {
            Ok(stationery) => stationery,
            Err(error) => return self.cannot_be_sent(&batch, error, now).await,
        };
        let exits = self.exits(&stationery, &batch.lane);
        if exits.is_empty() {
            return self.has_no_relay(&batch, &stationery.brand.slug, uptime, now).await;
        }
        // What lies further ahead goes back with the lease when the rest is done.
        batch.deliveries.truncate(self.ahead(&exits));
        let reading = Reading::begin(&self.parts.db, batch, stationery, uptime, now);
        if reading.stationery.mailing.kind != MailKind::Campaign || self.ready_pieces() == 0 {
            return self.take_in(reading, now).await;
        }
        self.reading = Some(reading);
        Ok(())
    }

    /// How many deliveries that go by these exits may be in hand.
    pub(super) fn ahead(&self, exits: &[Exit]) -> usize {
        self.within(exits, AHEAD).clamp(1, self.batch().max(1))
    }

    /// How many messages may go by these exits in so many seconds.
    fn within(&self, exits: &[Exit], seconds: f64) -> usize {
        // A rate that is no whole number of messages is rounded up; saturating is what `as` does.
        let of = |class: &Class| class.rate().map_or(usize::MAX, |rate| (rate.per_second() * seconds).ceil() as usize);
        self.going(exits).map(|exit| of(&exit.class)).fold(0, usize::saturating_add)
    }

    /// How many deliveries are claimed at once.
    fn batch(&self) -> usize {
        self.speed.batch(usize::try_from(self.settings.batch).unwrap_or(usize::MAX))
    }

    /// Writes off deliveries that must not, or cannot, be sent.
    pub(super) async fn skip(&mut self, skipped: &[(DeliveryKey, String)]) -> Result<(), Error> {
        if skipped.is_empty() {
            return Ok(());
        }
        for (key, why) in skipped {
            tracing::debug!(delivery.id = %key, "delivery {key} is skipped: {why}");
        }
        let reasons: Vec<_> = skipped.iter().map(|(key, why)| (*key, why.as_str())).collect();
        self.tally.skipped += outbox::skip(&self.parts.db, self.parts.instance, &reasons).await?;
        Ok(())
    }

    /// What all messages of the mailing share cannot be had. If that is the database's fault it will pass. If it is the mailing's, a
    /// person has to look: a campaign is paused until then. What cannot be paused, a standing stream or a campaign that is over
    /// but for one that is sent again, stays claimed, so that it is not tried again before the lease has run out.
    async fn cannot_be_sent(&self, batch: &Batch, error: ComposeError, now: DateTime<Utc>) -> Result<(), Error> {
        let no = batch.mailing.no;
        if error.is_database() {
            return Err(error.into());
        }
        tracing::error!(mailing.no = %no, error = %error.chain(), "mailing {no} waits: its messages cannot be made");
        let Some(campaign) = batch.mailing.campaign else { return Ok(()) };
        let actor = Actor::rule("sender.cannot_compose");
        match campaigns::pause(&self.parts.db, campaign, None, &actor, now).await {
            Ok(_) => outbox::release(&self.parts.db, &batch.lease, now).await?,
            Err(error) => {
                tracing::error!(campaign.id = %campaign, error = &error as &dyn std::error::Error, "campaign {campaign} is not paused: {error}");
            }
        }
        Ok(())
    }
}
