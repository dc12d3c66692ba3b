//! eshot's own mail server for what comes back: it takes mail for tokens that verify and a few fixed addresses, and for
//! nobody else. It sends nothing on.

mod guard;
mod lines;
mod mail;
mod reply;
mod session;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use domain::{Clock, EmailAddress};
use links::Links;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use guard::Guard;

/// How the listener behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name that it greets with: the MX of the bounce domains.
    pub hostname: String,
    /// The addresses that are taken without a token: postmaster, abuse, those given to feedback loops.
    pub fixed: Vec<EmailAddress>,
    /// The largest mail, in octets (RFC 1870).
    pub size: usize,
    /// How many connections at once.
    pub connections: usize,
    /// How many of them from one client: an IPv4 address, or a /64 of IPv6.
    pub connections_per_client: usize,
    /// How many connections a client may begin in a minute.
    pub connections_per_minute: NonZeroU32,
    /// How many wrong commands and unknown recipients a connection may have before it is closed.
    pub errors: u32,
    /// How long a client may take for a command, or for the next piece of a mail (RFC 5321 §4.5.3.2.7 asks for five
    /// minutes).
    pub patience: Duration,
    /// How long a connection may last, whatever it does.
    pub lifetime: Duration,
    /// How long connections may go on after a shutdown began.
    pub grace: Duration,
    /// The certificate for STARTTLS; none: it is not offered.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Settings {
    /// What suits a machine that takes returned mail for itself.
    pub fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.to_owned(),
            fixed: Vec::new(),
            size: 1 << 20,
            connections: 100,
            connections_per_client: 50,
            connections_per_minute: NonZeroU32::MIN.saturating_add(599),
            errors: 10,
            patience: Duration::from_secs(300),
            lifetime: Duration::from_secs(3_600),
            grace: Duration::from_secs(10),
            tls: None,
        }
    }
}

/// The listener, bound to its port.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    server: Arc<Server>,
}

/// What every connection shares.
#[derive(Debug)]
struct Server {
    settings: Settings,
    guard: Guard,
    db: Database,
    links: Links,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
}

impl Listener {
    /// Binds to a port; nobody is answered before [`run`](Self::run).
    pub async fn bind(
        address: SocketAddr,
        settings: Settings,
        db: Database,
        links: Links,
        clock: Arc<dyn Clock>,
    ) -> std::io::Result<Self> {
        let server =
            Server { guard: Guard::new(&settings), settings, db, links, clock, shutdown: CancellationToken::new() };
        Ok(Self { socket: TcpListener::bind(address).await?, server: Arc::new(server) })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Takes mail until `shutdown` is cancelled. Then nobody new is let in, idle clients are told 421, and mails that are
    /// under way are finished within the grace.
    pub async fn run(self, shutdown: CancellationToken) {
        let tasks = TaskTracker::new();
        let abort = CancellationToken::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let (server, abort) = (Arc::clone(&self.server), abort.clone());
                    tasks.spawn(async move {
                        tokio::select! {
                            () = abort.cancelled() => {}
                            () = serve(&server, stream, peer) => {}
                        }
                    });
                }
                Err(error) => {
                    // Out of file descriptors, as a rule: they come back when a client leaves.
                    tracing::warn!(%error, "the listener for returned mail cannot take a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        self.server.shutdown.cancel();
        drop(self.socket);
        tasks.close();
        if tokio::time::timeout(self.server.settings.grace, tasks.wait()).await.is_err() {
            tracing::warn!("clients of the listener for returned mail did not leave in time and are cut off");
            abort.cancel();
            tasks.wait().await;
        }
    }
}

async fn serve(server: &Server, stream: TcpStream, peer: SocketAddr) {
    let ended = tokio::time::timeout(server.settings.lifetime, session::converse(server, stream, peer)).await;
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a client of the listener left"),
        Err(_) => tracing::info!(%peer, "a client of the listener stayed too long and was cut off"),
    }
}
