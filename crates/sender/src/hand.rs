//! One worker: it has one connection and one message at a time, and does as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use domain::{Clock, EmailAddress};
use links::Links;
use outbox::Submitted;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::Route;
use crate::compose::{ComposeError, Piece, Signers, Stationery, compose};
use crate::connection::{Connection, Ended, Guard, Message, OpenError, Problem};
use crate::line::Line;
use crate::service::Session;
use crate::stage::Stage;

/// What a worker is told.
pub(crate) enum Order {
    /// See to a connection, one that has carried fewer messages than this if there is a limit, and compose the message.
    Prepare(Box<Piece>, Arc<Stationery>, Option<u32>),
    /// See to a connection, and no more.
    Try,
    /// Send what was prepared and is written down as this, with this leave.
    Send(Submitted, Guard),
    /// Forget what was prepared.
    Discard,
}

/// What a worker tells, and which one.
pub(crate) struct Report {
    pub(crate) hand: usize,
    pub(crate) news: News,
}

/// What a worker tells. Every order but `Discard` is answered once, in their order.
pub(crate) enum News {
    /// The message can go.
    Prepared,
    /// There is no connection; the piece comes back.
    NoRelay(Box<Piece>, OpenError),
    /// There is a connection, or not.
    Tried(Result<(), OpenError>),
    /// There is no message.
    NotComposed(ComposeError),
    /// The message went, or not.
    Ended { ended: Ended, started_at: DateTime<Utc>, answered_at: DateTime<Utc> },
}

/// What all workers share.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) route: Route,
    pub(crate) links: Arc<Links>,
    /// Who gets all mail instead of those it is for.
    pub(crate) redirect_to: Option<EmailAddress>,
    /// Whether bulk mail says where complaints about it go.
    pub(crate) cfbl: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) signers: Signers,
    pub(crate) reports: mpsc::Sender<Report>,
    /// Cancelled when what is under way is to be given up.
    pub(crate) cut: CancellationToken,
}

/// A worker as its employer sees it.
pub(crate) struct Hand {
    orders: mpsc::Sender<Order>,
    connected: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Hand {
    pub(crate) fn hire(number: usize, bench: Bench) -> Self {
        // Beside the order under way there may be one beforehand, or one that needs no answer.
        let (orders, inbox) = mpsc::channel(2);
        let connected = Arc::new(AtomicBool::new(false));
        let worker = Worker { number, bench, connection: None, message: None, connected: Arc::clone(&connected) };
        Self { orders, connected, task: tokio::spawn(worker.work(inbox)) }
    }

    /// Gives an order. A worker that is gone does not take it; that shows in [`is_gone`](Self::is_gone).
    pub(crate) fn tell(&self, order: Order) {
        // There is room: `Send` or `Discard` may lie there, and `Prepare` behind it, and then nothing before an answer.
        let _ = self.orders.try_send(order);
    }

    /// Whether it has, or makes, a connection. It is shared, so that it can be asked when the worker was sent home.
    pub(crate) fn connected(&self) -> &Arc<AtomicBool> {
        &self.connected
    }

    /// Whether the worker has fallen over, which is a fault in the program.
    pub(crate) fn is_gone(&self) -> bool {
        self.task.is_finished()
    }

    /// Sends the worker home, once its connection has said goodbye.
    pub(crate) async fn dismiss(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}

struct Worker {
    number: usize,
    bench: Bench,
    connection: Option<Line>,
    message: Option<Message>,
    connected: Arc<AtomicBool>,
}

/// Nobody has a connection that is gone.
impl Drop for Worker {
    fn drop(&mut self) {
        self.connected.store(false, Ordering::Release);
    }
}

impl Worker {
    async fn work(mut self, mut inbox: mpsc::Receiver<Order>) {
        while let Some(order) = self.next(&mut inbox).await {
            let news = match order {
                // What was ordered beforehand is not begun where all is being given up.
                Order::Prepare(..) if self.bench.cut.is_cancelled() => continue,
                Order::Try => News::Tried(self.connect(None).await),
                Order::Prepare(piece, stationery, most) => self.prepare(piece, &stationery, most).await,
                Order::Send(submitted, guard) => self.send(submitted, guard).await,
                Order::Discard => {
                    self.message = None;
                    continue;
                }
            };
            if self.bench.reports.send(Report { hand: self.number, news }).await.is_err() {
                break;
            }
        }
        self.hang_up().await;
    }

    async fn next(&mut self, inbox: &mut mpsc::Receiver<Order>) -> Option<Order> {
        if let (Some(line), None) = (&self.connection, &self.message) {
            match timeout(line.idle(), inbox.recv()).await {
                Ok(order) => return order,
                Err(_) => self.hang_up().await,
            }
        }
        inbox.recv().await
    }

    async fn prepare(&mut self, piece: Box<Piece>, stationery: &Arc<Stationery>, most: Option<u32>) -> News {
        if let Err(error) = self.connect(most).await {
            return News::NoRelay(piece, error);
        }
        let (links, redirect_to) = (&self.bench.links, self.bench.redirect_to.as_ref());
        let now = self.bench.clock.now();
        let signed = match compose(*piece, stationery, links, redirect_to, self.bench.cfbl, now) {
            Ok(message) => self.bench.signers.sign(message, stationery, now).await,
            Err(error) => Err(error),
        };
        match signed {
            Ok(message) => {
                self.message = Some(message);
                News::Prepared
            }
            Err(error) => News::NotComposed(error),
        }
    }

    async fn connect(&mut self, most: Option<u32>) -> Result<(), OpenError> {
        if let Route::Folder(folder) = &self.bench.route {
            return folder.open().await;
        }
        let fits = |line: &Line| line.is_usable() && most.is_none_or(|most| line.carried() < most);
        if !self.connection.as_ref().is_some_and(fits) {
            self.hang_up().await;
            self.connected.store(true, Ordering::Release);
            let opened = self.open().await;
            self.connected.store(opened.is_ok(), Ordering::Release);
            self.connection = opened?;
        }
        Ok(())
    }

    async fn open(&self) -> Result<Option<Line>, OpenError> {
        Ok(match &self.bench.route {
            Route::Smtp(relay) => Some(Line::Smtp(Box::new(Connection::open(Arc::clone(relay)).await?))),
            Route::Service(service) => Some(Line::Http(Box::new(Session::open(Arc::clone(service)).await?))),
            Route::Folder(_) => None,
        })
    }

    async fn send(&mut self, submitted: Submitted, guard: Guard) -> News {
        let started_at = self.bench.clock.now();
        let ended = match (self.message.take(), &self.bench.route) {
            (Some(mut message), Route::Smtp(_) | Route::Service(_)) => self.hand_over(&mut message, &guard).await,
            (Some(message), Route::Folder(folder)) => folder.put(submitted, message.raw, guard).await,
            // Nothing was prepared, so nothing goes.
            (None, _) => Ended::Withheld { phase: outbox::Phase::MailFrom },
        };
        News::Ended { ended, started_at, answered_at: self.bench.clock.now() }
    }

    async fn hand_over(&mut self, message: &mut Message, guard: &Guard) -> Ended {
        let seasoned = self.connection.as_ref().is_some_and(|connection| connection.carried() > 0);
        let ended = self.try_once(message, guard).await;
        // The relay had enough of this connection and has heard nothing of this message: it may have it on another one.
        if seasoned && ended.is_farewell() {
            if self.bench.cut.is_cancelled() {
                return Ended::Broken { phase: outbox::Phase::MailFrom, problem: Problem::Cut };
            }
            return match self.connect(None).await {
                Ok(()) => self.try_once(message, guard).await,
                Err(OpenError { phase, problem, .. }) => Ended::Broken { phase, problem },
            };
        }
        ended
    }

    async fn try_once(&mut self, message: &mut Message, guard: &Guard) -> Ended {
        let now = self.bench.clock.now();
        let Some(connection) = &mut self.connection else {
            return Ended::Withheld { phase: outbox::Phase::MailFrom };
        };
        tokio::select! {
            // An answer that is there is not thrown away.
            biased;
            ended = Stage::Smtp.during(connection.send(message, guard, now)) => ended,
            () = self.bench.cut.cancelled() => connection.cut(),
        }
    }

    async fn hang_up(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
            self.connected.store(false, Ordering::Release);
        }
    }
}
