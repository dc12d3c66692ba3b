use std::panic;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use domain::{Clock, EmailAddress, InstanceId, MasterKeys};
use limits::Limits;
use links::Links;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::{Error, Outlet, Route, Tally};

/// How mail is taken to where it goes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where that is: one relay, or several with different names.
    pub outlets: Vec<Outlet>,
    /// How many deliveries are claimed at once, where they are not gone in an eighth of a second.
    pub batch: u32,
    /// How long a claim lasts. It is renewed while it is worked on; when its worker is lost, others wait for this long.
    pub lease: Duration,
    /// How often to look for mail when there is none.
    pub idle: Duration,
    /// For how long a delivery is tried when it is put off again and again.
    pub give_up: Duration,
    /// How long to wait for the relay's last answers when told to stop.
    pub drain: Duration,
    /// Who gets all mail instead of those it is for, where nobody is to be mailed.
    pub redirect_to: Option<EmailAddress>,
    /// Whether bulk mail says where complaints about it go (RFC 9477), where the brand's domains allow that.
    pub cfbl: bool,
}

/// What a sender works with.
#[derive(Clone)]
pub struct Parts {
    /// Where the outbox is.
    pub db: Database,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What DKIM keys are sealed under.
    pub keys: Arc<MasterKeys>,
    /// What writes links and return paths.
    pub links: Arc<Links>,
    /// How fast it may go.
    pub limits: Arc<Limits>,
    /// Who sends: claims and counts are kept by it.
    pub instance: InstanceId,
}

/// Takes due deliveries to the relays.
///
/// It has a worker for each connection. Before a message is offered it is written down as being submitted, and the answer to the
/// worker's last one no later than that: so if the program dies, no more deliveries are in doubt than there are connections.
pub struct Sender {
    desk: Desk,
}

/// What one [`tick`](Sender::tick) did and met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// What became of deliveries.
    pub tally: Tally,
    /// How long it is until a limit lets more of what is waiting go, if one holds it back.
    pub wait: Option<Duration>,
    /// Why a relay that was tried cannot be reached, if one cannot.
    pub relay: Option<String>,
}

impl Settings {
    /// The usual settings for mail that all goes there.
    pub fn new(route: impl Into<Route>) -> Self {
        Self {
            outlets: vec![Outlet::new(route, 4)],
            batch: 200,
            lease: Duration::from_secs(120),
            idle: Duration::from_millis(500),
            give_up: Duration::from_secs(72 * 60 * 60),
            drain: Duration::from_secs(5),
            redirect_to: None,
            cfbl: true,
        }
    }
}

impl Sender {
    /// A sender whose workers wait for orders; it has to be made inside a tokio runtime.
    pub fn new(parts: Parts, settings: Settings) -> Self {
        Self { desk: Desk::new(parts, settings) }
    }

    /// Sends all that may be sent now, and waits for every answer. What limits hold back is released again, so that the next
    /// tick, here or elsewhere, finds it.
    pub async fn tick(&mut self) -> Result<Tick, Error> {
        self.desk.tick().await
    }

    /// Sends until `shutdown` is ready, then drains: nothing more is begun, and what the relay answers within the time to drain
    /// is written down. The rest, one message for each connection at most, is in doubt. Who drops this ends it as a crash would, a
    /// moment later.
    ///
    /// A database or a relay that cannot be reached is waited for.
    ///
    /// It has a thread for the desk alone: every worker waits for the desk, which goes back and forth with the database several
    /// times in a round and would otherwise stand behind all of them each time.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Tally {
        let (stop, dropped) = (CancellationToken::new(), CancellationToken::new());
        let _guard = dropped.clone().drop_guard();
        let (runtime, until) = (Handle::current(), stop.clone().cancelled_owned());
        let work = move || runtime.block_on(dropped.run_until_cancelled(self.desk.run(until)));
        let mut work = spawn_blocking(work);
        let ended = tokio::select! {
            biased;
            () = shutdown => {
                stop.cancel();
                work.await
            }
            ended = &mut work => ended,
        };
        match ended {
            Ok(tally) => tally.unwrap_or_default(),
            Err(ended) => match ended.try_into_panic() {
                // What it is part of is to fall over as well.
                Ok(panic) => panic::resume_unwind(panic),
                // The program ends before it has begun.
                Err(_) => Tally::default(),
            },
        }
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("instance", &self.instance).finish_non_exhaustive()
    }
}
