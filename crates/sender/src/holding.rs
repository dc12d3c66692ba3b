use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{BrandId, Clock, DeliveryKey, MailKind, MailboxProvider, SubscriberId};
use limits::Class;
use outbox::Lease;
use subscribers::Scope;

use crate::compose::{Piece, Stationery};
use crate::connection::Guard;

/// How old the last look at who may be mailed may be when a message is submitted, and when its MAIL FROM and its final dot are said.
const LOOKED: Duration = Duration::from_secs(2);
const SAID: Duration = Duration::from_secs(4);

/// How often those are looked at again whom a relay keeps waiting between the two: nobody gets a mail more than five seconds after
/// leaving, nor, while the database answers at once, one of a campaign more than about a second after it was paused.
pub(crate) const UNDER_WAY: Duration = Duration::from_millis(500);

/// A claimed batch, in our hands until its lease ends or all of it is done.
pub(crate) struct Holding {
    pub(crate) id: u64,
    pub(crate) lease: Lease,
    pub(crate) lane: MailboxProvider,
    /// By which relays it may go.
    pub(crate) exits: Vec<Exit>,
    /// When its mailing last had its turn, by a count of turns.
    pub(crate) turn: u64,
    pub(crate) stationery: Arc<Stationery>,
    /// What nobody works on yet.
    pub(crate) pieces: VecDeque<Piece>,
    /// How many are with a worker, or answered and not yet written down.
    pub(crate) open: usize,
    /// When it was last asked who of the pieces may be mailed, by uptime.
    pub(crate) looked_at: Duration,
    pub(crate) deadline: Deadline,
}

/// A relay that gets a holding's mail.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    /// Which one, by its place among the desk's.
    pub(crate) way: usize,
    /// Whose mail it is.
    pub(crate) brand: BrandId,
    /// Which limits bind the mail there.
    pub(crate) class: Class,
}

/// Until when a lease may be acted on, by a clock that counts suspension and that nobody sets.
#[derive(Clone)]
pub(crate) struct Deadline {
    until: Arc<AtomicU64>,
    pub(crate) renew_at: Duration,
}

impl Deadline {
    /// For a lease of this length that was asked for at this uptime. It ends a little before the lease does, so that a guard that
    /// has just said yes is still right when the bytes leave.
    pub(crate) fn new(asked_at: Duration, lease: Duration) -> Self {
        let mut deadline = Self { until: Arc::default(), renew_at: Duration::ZERO };
        deadline.extend(asked_at, lease);
        deadline
    }

    /// The lease was renewed.
    pub(crate) fn extend(&mut self, asked_at: Duration, lease: Duration) {
        self.until.store(millis(asked_at + lease * 9 / 10), Ordering::Release);
        self.renew_at = asked_at + lease / 3;
    }

    /// The lease is lost: every guard says no from now on.
    pub(crate) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }
}

impl Holding {
    /// Whether nothing of it is left to do.
    pub(crate) fn is_finished(&self) -> bool {
        self.pieces.is_empty() && self.open == 0
    }

    /// Whether it is mail that somebody waits for.
    pub(crate) fn is_urgent(&self) -> bool {
        self.stationery.mailing.kind != MailKind::Campaign
    }

    /// What may be mailed is asked about.
    pub(crate) fn scope(&self) -> Scope {
        scope(&self.stationery)
    }

    /// The people of what nobody works on yet.
    pub(crate) fn subscribers(&self) -> impl Iterator<Item = SubscriberId> {
        self.pieces.iter().filter_map(|piece| piece.subscriber)
    }

    /// Takes out what must not be sent; gives back the keys and the reasons.
    pub(crate) fn withdraw(&mut self, why_not: impl Fn(SubscriberId) -> Option<String>) -> Vec<(DeliveryKey, String)> {
        let mut withdrawn = Vec::new();
        self.pieces.retain(|piece| match piece.subscriber.and_then(&why_not) {
            Some(why) => {
                withdrawn.push((piece.key, why));
                false
            }
            None => true,
        });
        withdrawn
    }

    /// The leave that one message needs: the lease stands, and the look at its person is fresh.
    pub(crate) fn guard(&self, clock: &Arc<dyn Clock>, look: &Look) -> Guard {
        let (clock, until, fresh_until) =
            (Arc::clone(clock), Arc::clone(&self.deadline.until), Arc::clone(&look.fresh_until));
        Arc::new(move || {
            let now = millis(clock.uptime());
            now < until.load(Ordering::Acquire) && now < fresh_until.load(Ordering::Acquire)
        })
    }
}

/// The last look at whether somebody may be mailed, shared with the worker that mails them.
#[derive(Clone)]
pub(crate) struct Look {
    fresh_until: Arc<AtomicU64>,
    /// Since when the relay has had the message without another look, by uptime.
    pub(crate) since: Duration,
}

impl Look {
    /// They may, it was said at this uptime; the message is begun now.
    pub(crate) fn new(looked_at: Duration, now: Duration) -> Self {
        let look = Self { fresh_until: Arc::default(), since: now };
        look.renew(looked_at);
        look
    }

    /// They still may.
    pub(crate) fn renew(&self, looked_at: Duration) {
        self.fresh_until.store(millis(looked_at + SAID), Ordering::Release);
    }

    /// They may no longer: every guard says no, unless another look finds that they may.
    pub(crate) fn end(&self) {
        self.fresh_until.store(0, Ordering::Release);
    }
}

/// Whether it has to be asked again who may be mailed.
pub(crate) fn is_stale(looked_at: Duration, uptime: Duration) -> bool {
    uptime.saturating_sub(looked_at) >= LOOKED
}

/// What may be mailed is asked about for mails on this stationery.
pub(crate) fn scope(stationery: &Stationery) -> Scope {
    Scope { brand: stationery.brand.id, topic: stationery.letter.as_ref().map(|letter| letter.campaign.draft.topic) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
