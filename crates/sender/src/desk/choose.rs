//! Which relay takes what: the first by priority of those that take mail, and of several first ones each its share.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::MailboxProvider;
use outbox::Batch;

use super::Desk;
use super::limit::{PATIENCE, Rest};
use crate::Error;
use crate::compose::Stationery;
use crate::holding::{Exit, Holding};

/// How soon it is looked again whether a brand has a relay.
const UNSERVED: Duration = Duration::from_secs(10);

/// How soon it is looked again for what waits for a relay that is being tried: later than anything is kept in hand for.
const WHILE_TRIED: Duration = PATIENCE.saturating_add(Duration::from_millis(500));

impl Desk {
    /// The relays that get this mail, each with the limits that bind it there.
    pub(super) fn exits(&self, stationery: &Stationery, lane: &MailboxProvider) -> Vec<Exit> {
        let serving = self.ways.iter().enumerate().filter(|(_, way)| way.outlet.serves(&stationery.brand.slug));
        let exit = |(at, way): (usize, &super::Way)| Exit {
            way: at,
            brand: stationery.brand.id,
            class: self.parts.limits.class(&stationery.route(&way.outlet.name, lane)),
        };
        serving.map(exit).collect()
    }

    /// The exits that mail is for at present: those of the first relays that take any, or all if none does.
    pub(super) fn going<'a>(&'a self, exits: &'a [Exit]) -> impl Iterator<Item = &'a Exit> {
        let first = self.first(exits);
        exits.iter().filter(move |exit| first.is_none_or(|first| self.is_open(exit) && self.priority(exit) == first))
    }

    /// The exits by relays of which only a message shows whether they take this mail again, and that would get it if they did.
    pub(super) fn on_trial<'a>(&'a self, exits: &'a [Exit]) -> impl Iterator<Item = &'a Exit> {
        let first = self.first(exits);
        let misses = move |exit: &&Exit| first.is_some_and(|first| self.priority(exit) <= first);
        exits.iter().filter(|exit| self.ways[exit.way].is_refusing() || self.is_refused(exit)).filter(misses)
    }

    /// Whether some of a holding may go now.
    pub(super) fn is_ready(&self, holding: &Holding) -> bool {
        let all_down = self.all_are_down();
        let up = |exit: &&Exit| all_down || !self.is_closed(exit);
        self.going(&holding.exits).filter(up).any(|exit| self.held_back(&exit.class).is_zero())
    }

    /// How long it is until some of a holding may go. A relay that is down is waited for in the holding only if all are.
    pub(super) fn wait_of(&self, holding: &Holding, uptime: Duration) -> Duration {
        let all_down = self.all_are_down();
        let wait = |exit: &Exit| {
            let limit = self.held_back(&exit.class);
            if all_down { limit } else { limit.max(self.wait_of_exit(exit, uptime)) }
        };
        holding.exits.iter().map(wait).min().unwrap_or_default()
    }

    /// How long a relay that takes none of this mail is to be left alone with it. While it is being tried, which may take long, it takes
    /// nothing else, and what waits for it is not to fill the room of others.
    fn wait_of_exit(&self, exit: &Exit, uptime: Duration) -> Duration {
        let way = &self.ways[exit.way];
        let wait = way.wait(uptime).max(way.wait_for(exit.brand, uptime));
        let is_tried = way.is_down() && self.is_in_use(exit.way) || self.is_refused(exit) && self.is_on_trial(exit);
        if is_tried { wait.max(WHILE_TRIED) } else { wait }
    }

    /// Whether a relay takes no mail, or none of this brand's.
    fn is_closed(&self, exit: &Exit) -> bool {
        self.ways[exit.way].is_down() || self.is_refused(exit)
    }

    /// Whether a relay takes none of this brand's mail, whatever it does with others'.
    pub(super) fn is_refused(&self, exit: &Exit) -> bool {
        self.ways[exit.way].refuses(exit.brand)
    }

    /// Whether a message of this brand is on its way to a relay that takes none of them, which is to show whether that is still so.
    fn is_on_trial(&self, exit: &Exit) -> bool {
        self.seats.iter().any(|seat| seat.way == exit.way && seat.works_for(exit.brand))
    }

    /// Whether a relay that takes none of this brand's mail is to be tried with one of them now.
    pub(super) fn is_due_for_one(&self, exit: &Exit, uptime: Duration) -> bool {
        self.ways[exit.way].wait_for(exit.brand, uptime).is_zero() && !self.is_on_trial(exit)
    }

    pub(super) fn all_are_down(&self) -> bool {
        self.ways.iter().all(super::Way::is_down)
    }

    /// Whether this relay may have the next message of a holding now, as far as the other relays are concerned.
    pub(super) fn may_have(&mut self, way: usize, at: usize) -> bool {
        let holding = &self.holdings[at];
        if holding.exits.len() == 1 {
            return true;
        }
        let Some(first) = self.first(&holding.exits) else { return true };
        if self.on_trial(&holding.exits).any(|exit| exit.way == way) {
            return true;
        }
        if !self.going(&holding.exits).any(|exit| exit.way == way) {
            return false;
        }
        let brand = holding.stationery.brand.id;
        let peers = holding.exits.iter().filter(|exit| self.is_open(exit) && self.priority(exit) == first);
        let (had, weight) = (self.ways[way].had(brand), self.weight(way));
        // Each has had as many for its weight, or more.
        let in_turn =
            peers.map(|exit| exit.way).all(|peer| had * self.weight(peer) <= self.ways[peer].had(brand) * weight);
        let uptime = self.parts.clock.uptime();
        let account = self.ways[way].account(brand);
        if in_turn {
            account.waits_since = None;
            return true;
        }
        // Who does not take their share in time is waited for no longer.
        uptime - *account.waits_since.get_or_insert(uptime) >= PATIENCE
    }

    /// This relay has got one message of a holding.
    pub(super) fn has_got(&mut self, way: usize, at: usize) {
        let holding = &self.holdings[at];
        if holding.exits.len() == 1 {
            return;
        }
        let brand = holding.stationery.brand.id;
        let before = self.ways[way].had(brand);
        let first = self.first(&holding.exits);
        // What another could not take is not owed to it: its account keeps up with this one's, one message behind.
        let level = |exit: &Exit| {
            let waits = first.is_some_and(|first| self.is_open(exit) && self.priority(exit) == first);
            let ahead = before * self.weight(exit.way) > self.ways[exit.way].had(brand) * self.weight(way);
            (!waits || ahead).then_some(exit.way)
        };
        let level: Vec<usize> = holding.exits.iter().filter_map(level).filter(|other| *other != way).collect();
        let weight = self.weight(way);
        self.ways[way].account(brand).had = before + 1;
        for other in level {
            let even = before * self.weight(other) / weight;
            let account = self.ways[other].account(brand);
            account.had = account.had.max(even);
        }
    }

    /// Whether a relay that is down would get mail that another takes in the meantime.
    pub(super) fn is_missed(&self, way: usize) -> bool {
        let misses = |holding: &Holding| {
            let serves = holding.exits.iter().any(|exit| exit.way == way);
            serves && self.first(&holding.exits).is_some_and(|first| self.ways[way].outlet.priority <= first)
        };
        self.holdings.iter().any(misses)
    }

    /// A batch of a brand whose mail no relay gets: its lane rests, and a person has to look.
    pub(super) async fn has_no_relay(
        &mut self,
        batch: &Batch,
        slug: &str,
        uptime: Duration,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if self.unserved.insert(batch.mailing.brand) {
            tracing::error!(brand = slug, "the mail of the brand {slug} waits: it is for none of the relays");
        }
        self.rests.push(Rest { mailing: batch.mailing.no, lane: batch.lane.clone(), until: uptime + UNSERVED });
        Ok(outbox::release(&self.parts.db, &batch.lease, now).await?)
    }

    /// The priority of the first relays that take mail by these exits; nothing where there is no choice.
    fn first(&self, exits: &[Exit]) -> Option<u32> {
        if exits.len() == 1 {
            return None;
        }
        exits.iter().filter(|exit| self.is_open(exit)).map(|exit| self.priority(exit)).min()
    }

    /// Whether a relay takes this mail, and no limit holds this mail back there for long.
    fn is_open(&self, exit: &Exit) -> bool {
        !self.is_closed(exit) && self.held_back(&exit.class) <= PATIENCE
    }

    fn priority(&self, exit: &Exit) -> u32 {
        self.ways[exit.way].outlet.priority
    }

    fn weight(&self, way: usize) -> u64 {
        self.ways[way].outlet.weight.max(1).into()
    }
}
