use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Actor, DeliveryKey, MailKind, MailboxProvider, MailingNo, SubscriberId};
use limits::Class;
use outbox::{Batch, Claim, Claimed};
use subscribers::{Why, may_be_mailed};

use super::Desk;
use crate::Error;
use crate::compose::{self, ComposeError, Stationery};
use crate::holding::{self, Deadline, Holding};

/// How many batches may be in hand at once: one for each provider that is waited for, and some more.
const MOST: usize = 16;

/// How many seconds' worth of permits is claimed ahead.
const AHEAD: f64 = 5.0;

impl Desk {
    /// Claims until there is enough for every worker, or no more.
    pub(super) async fn claim(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        loop {
            let uptime = self.parts.clock.uptime();
            let relay_down = self.relay_backoff.is_failing() && !self.relay_backoff.wait(uptime).is_zero();
            let enough = self.holdings.len() >= MOST || self.has_enough();
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
                limit: self.settings.batch,
                ttl: self.settings.lease,
            };
            match outbox::claim(&self.parts.db, &claim, now).await? {
                Some(batch) => self.take_in(batch, uptime, now).await?,
                None if enough => return Ok(()),
                None => self.next_claim = uptime + self.settings.idle,
            }
        }
    }

    /// Whether each worker would find something that may go now.
    fn has_enough(&self) -> bool {
        let ready = self.holdings.iter().filter(|holding| self.held_back(&holding.class).is_zero());
        ready.map(|holding| holding.pieces.len()).sum::<usize>() >= self.seats.len()
    }

    /// Lanes of which no more is wanted: those of which enough is in hand, and those that a limit holds back.
    fn resting(&mut self, uptime: Duration) -> Vec<(MailingNo, MailboxProvider)> {
        self.rests.retain(|rest| uptime < rest.until);
        let enough =
            |holding: &&Holding| holding.pieces.len() >= self.seats.len() || !self.held_back(&holding.class).is_zero();
        let in_hand =
            self.holdings.iter().filter(enough).map(|holding| (holding.stationery.mailing.no, holding.lane.clone()));
        self.rests.iter().map(|rest| (rest.mailing, rest.lane.clone())).chain(in_hand).collect()
    }

    async fn take_in(&mut self, mut batch: Batch, uptime: Duration, now: DateTime<Utc>) -> Result<(), Error> {
        let reader = self.parts.db.reader();
        let stationery = match self.shelf.of(reader, &batch.mailing, uptime).await {
            Ok(stationery) => stationery,
            Err(error) => return self.cannot_be_sent(&batch, error, now).await,
        };
        let class = self.parts.limits.class(&stationery.route(&batch.lane));
        // What lies further ahead goes back with the lease when the rest is done.
        batch.deliveries.truncate(self.ahead(&class));
        let (claimed, mut skipped) = self.sift(&stationery, batch.deliveries, now).await?;
        let read = compose::read(self.parts.db.reader(), &stationery, claimed, now).await?;
        skipped.extend(read.skipped);
        self.skip(&skipped).await?;
        self.last_holding += 1;
        self.holdings.push(Holding {
            id: self.last_holding,
            deadline: Deadline::new(uptime, self.settings.lease),
            lease: batch.lease,
            lane: batch.lane,
            class,
            turn: 0,
            stationery,
            pieces: VecDeque::from(read.pieces),
            open: 0,
            looked_at: uptime,
        });
        Ok(())
    }

    /// How many deliveries of this class may be in hand.
    fn ahead(&self, class: &Class) -> usize {
        let batch = usize::try_from(self.settings.batch).unwrap_or(usize::MAX);
        let Some(rate) = class.rate() else { return batch };
        // A rate that is no whole number of messages is rounded up; saturating is what `as` does.
        ((rate.per_second() * AHEAD).ceil() as usize).clamp(1, batch.max(1))
    }

    /// Those who may be mailed, and the others with the reason.
    async fn sift(
        &self,
        stationery: &Stationery,
        claimed: Vec<Claimed>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Claimed>, Vec<(DeliveryKey, String)>), Error> {
        let (kind, scope) = (stationery.mailing.kind, holding::scope(stationery));
        let ids: Vec<SubscriberId> = claimed.iter().filter_map(|claimed| claimed.subscriber).collect();
        let answers = may_be_mailed(self.parts.db.reader(), kind, &scope, &ids, now).await?;
        let mut skipped = Vec::new();
        let may = claimed.into_iter().filter(|claimed| {
            let why_not = match claimed.subscriber {
                Some(subscriber) => answers.why_not(subscriber),
                // A test goes to whom its author named. Anybody else who is nobody was erased.
                None => (kind != MailKind::Test).then_some(Why::Unknown),
            };
            skipped.extend(why_not.map(|why| (claimed.key, why.to_string())));
            why_not.is_none()
        });
        Ok((may.collect(), skipped))
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
