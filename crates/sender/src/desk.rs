//! Where deliveries are claimed, given to workers, submitted, and their answers written down: all that touches the database.
//!
//! It works in rounds, each of them: write down, in one transaction, what was answered and what is now submitted; keep the leases;
//! claim more if little is left; give workers something to compose, the idle ones first, and then those that are quick one message
//! ahead. Between two rounds the desk waits for a worker's report. Beside the rounds, who is behind the next batch is read.
//!
//! What a worker has ahead is composed as soon as its last message has ended, and is then held to what holds for all: it may have
//! been skipped, paused or withdrawn since.

mod assign;
mod choose;
mod claim;
mod connect;
mod drain;
mod hear;
mod limit;
mod reading;
mod round;
mod seat;
mod speed;
mod standing;
mod submit;
mod turn;
mod under_way;
mod upkeep;
mod way;
mod word;

use std::collections::{HashSet, VecDeque};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{BrandId, DeliveryKey, MailboxProvider};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use self::hear::Heard;
use self::limit::Rest;
use self::reading::Reading;
use self::round::Round;
use self::seat::{Seat, Task, Work};
use self::speed::Speed;
use self::way::Way;
use self::word::Word;
use crate::backoff::Backoff;
use crate::breaker::Breaker;
use crate::compose::{Shelf, Signers};
use crate::hand::{Bench, Hand, Report};
use crate::holding::Holding;
use crate::retry::Ladder;
use crate::sender::{Parts, Settings, Tick};
use crate::stage::Stage;
use crate::{Error, Outlet, Tally};

/// How far apart rounds are begun, at least, when there is more than enough to do, unless half of the workers wait for one before that.
const BEAT: Duration = Duration::from_millis(5);

/// And at most: an answer is written down no later than a tenth of a second after it came.
const LONGEST_BEAT: Duration = Duration::from_millis(40);

/// How many times longer than it took to write the last round. Where the database has much to do, as with several senders, rounds are
/// fewer and larger: each costs it as much as ten of the messages in it.
const BEAT_BY_WRITING: u32 = 3;

/// The state of a [`Sender`](crate::Sender).
pub(crate) struct Desk {
    parts: Parts,
    settings: Settings,
    /// The relays.
    ways: Vec<Way>,
    /// Brands whose mail none of them gets, as far as that was said.
    unserved: HashSet<BrandId>,
    ladder: Ladder,
    shelf: Shelf,
    /// Cancelled when what is under way is to be given up.
    cut: CancellationToken,
    reports: mpsc::Receiver<Report>,
    seats: Vec<Seat>,
    holdings: Vec<Holding>,
    /// What will be the next of them.
    reading: Option<Reading>,
    last_holding: u64,
    /// Deliveries for which no message can be made, and why.
    unfit: Vec<(DeliveryKey, String)>,
    /// Answers that are not written down yet.
    heard: Vec<Heard>,
    /// Answers that are, but not yet what follows from them.
    owed: Vec<Heard>,
    /// What was written in a transaction whose COMMIT nobody has answered.
    unclear: Option<Round>,
    last_round: i64,
    /// What providers have said and is not written down yet.
    words: VecDeque<Word>,
    breaker: Breaker,
    paused: Vec<MailboxProvider>,
    next_look: Duration,
    next_claim: Duration,
    next_urgent: Duration,
    turns: u64,
    /// Lanes that a limit holds back for longer than a claim is worth keeping.
    rests: Vec<Rest>,
    /// How long a limit holds back what is in hand.
    limited: Option<Duration>,
    draining: bool,
    round_began: Instant,
    beat: Duration,
    speed: Speed,
    tally: Tally,
}

impl Desk {
    pub(crate) fn new(parts: Parts, settings: Settings) -> Self {
        let connections = |outlet: &Outlet| usize::try_from(outlet.connections.max(1)).unwrap_or(1);
        let (sender, reports) = mpsc::channel(settings.outlets.iter().map(connections).sum::<usize>().max(1));
        let cut = CancellationToken::new();
        let signers = Signers::new(std::thread::available_parallelism().map_or(1, NonZero::get));
        let bench = |outlet: &Outlet| Bench {
            route: outlet.route.clone(),
            links: Arc::clone(&parts.links),
            redirect_to: settings.redirect_to.clone(),
            cfbl: settings.cfbl,
            clock: Arc::clone(&parts.clock),
            signers: signers.clone(),
            reports: sender.clone(),
            cut: cut.clone(),
        };
        let ways: Vec<Way> = settings.outlets.iter().map(|outlet| Way::new(outlet.clone(), bench(outlet))).collect();
        let of_seats =
            ways.iter().enumerate().flat_map(|(at, way)| std::iter::repeat_n((at, way), connections(&way.outlet)));
        let seat = |(number, (at, way)): (usize, (usize, &Way))| Seat::new(at, Hand::hire(number, way.bench.clone()));
        let seats = of_seats.enumerate().map(seat).collect();
        Self {
            ladder: Ladder::new(settings.give_up),
            shelf: Shelf::new(Arc::clone(&parts.keys)),
            seats,
            ways,
            unserved: HashSet::new(),
            reports,
            cut,
            holdings: Vec::new(),
            reading: None,
            last_holding: 0,
            unfit: Vec::new(),
            heard: Vec::new(),
            owed: Vec::new(),
            unclear: None,
            last_round: parts.clock.now().timestamp_micros(),
            words: VecDeque::new(),
            breaker: Breaker::default(),
            paused: Vec::new(),
            next_look: Duration::ZERO,
            next_claim: Duration::ZERO,
            next_urgent: Duration::ZERO,
            turns: 0,
            rests: Vec::new(),
            limited: None,
            draining: false,
            round_began: Instant::now(),
            beat: BEAT,
            speed: Speed::default(),
            tally: Tally::default(),
            parts,
            settings,
        }
    }

    pub(crate) async fn tick(&mut self) -> Result<Tick, Error> {
        let before = std::mem::take(&mut self.tally);
        (self.next_claim, self.next_urgent, self.next_look) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        loop {
            Stage::Desk.during(self.round()).await?;
            if !self.is_busy() {
                break;
            }
            self.wait(self.settings.idle).await;
        }
        self.release_all().await?;
        let tally = std::mem::replace(&mut self.tally, before);
        self.tally += tally;
        Ok(Tick { tally, wait: self.limited, relay: self.ways.iter().find_map(Way::error).map(str::to_owned) })
    }

    pub(crate) async fn run(mut self, shutdown: impl Future<Output = ()>) -> Tally {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut database = Backoff::default();
        loop {
            let pause = match Stage::Desk.during(self.round()).await {
                Ok(()) => {
                    if database.worked() {
                        tracing::info!("the sender goes on: the database answers again");
                    }
                    self.until_something_is_due()
                }
                Err(error) => {
                    let (wait, news) = database.failed(self.parts.clock.uptime());
                    if news {
                        tracing::error!(error = &error as &dyn std::error::Error, "the sender waits: {error}");
                    }
                    wait
                }
            };
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                () = self.wait(pause) => {}
            }
        }
        self.drain().await;
        self.tally
    }

    /// One round; see the module.
    async fn round(&mut self) -> Result<(), Error> {
        self.round_began = Instant::now();
        self.replace_the_fallen();
        let looked = self.look_at_those_under_way(self.now()).await;
        // Answers are written down whatever becomes of a question.
        let writing = Instant::now();
        self.turn(self.now()).await?;
        self.beat = (writing.elapsed() * BEAT_BY_WRITING).clamp(BEAT, LONGEST_BEAT);
        looked?;
        self.upkeep(self.now()).await?;
        self.claim(self.now()).await?;
        self.refill(self.now()).await?;
        self.assign();
        Ok(())
    }

    /// Waits for a report, and takes all that are there. While reports come thick and fast the next round is not begun before
    /// its time, or before half of the workers wait for it: the more answers share a commit, the less each of them costs, and the
    /// other half has something to do while the database writes.
    async fn wait(&mut self, at_most: Duration) {
        let mut until = Instant::now() + at_most;
        while let Ok(Some(report)) = timeout_at(until, self.reports.recv()).await {
            self.take(report);
            while let Ok(report) = self.reports.try_recv() {
                self.take(report);
            }
            let round_is_due = self.round_began + self.beat;
            if Instant::now() >= round_is_due || self.at_work() * 2 <= self.on_duty() {
                break;
            }
            until = until.min(round_is_due);
        }
    }

    fn is_busy(&self) -> bool {
        !self.heard.is_empty()
            || !self.unfit.is_empty()
            || self.unclear.is_some()
            || self.seats.iter().any(|seat| !matches!(seat.task, Task::None))
    }

    /// How many workers are going to report.
    fn at_work(&self) -> usize {
        self.seats
            .iter()
            .filter(|seat| matches!(seat.task, Task::Trying | Task::Preparing(_) | Task::Sending(..)))
            .count()
    }

    /// How many workers there are at relays that are in use.
    fn on_duty(&self) -> usize {
        if self.ways.len() == 1 {
            return self.seats.len();
        }
        let in_use = |way| self.seats.iter().any(|seat| seat.way == way && !matches!(seat.task, Task::None));
        let in_use: Vec<bool> = (0..self.ways.len()).map(in_use).collect();
        self.seats.iter().filter(|seat| in_use[seat.way]).count()
    }

    fn is_sending(&self) -> bool {
        self.seats.iter().any(|seat| matches!(seat.task, Task::Sending(..)))
    }

    fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }

    fn holding(&mut self, id: u64) -> Option<&mut Holding> {
        self.holdings.iter_mut().find(|holding| holding.id == id)
    }
}
