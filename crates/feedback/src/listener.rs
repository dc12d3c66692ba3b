//! eshot's own mail server for what comes back: it takes mail for tokens that verify and a few fixed addresses, and for
//! nobody else. It sends nothing on.

mod budget;
mod guard;
mod lines;
mod mail;
mod receive;
mod reply;
mod session;
mod settings;
mod socket;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use domain::Clock;
use links::Links;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use budget::Budget;
use guard::Guard;
pub use settings::Settings;
pub use socket::{Address, InvalidAddress};
use socket::{Peer, Socket, Stream};

/// The listener, bound to its ports.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<(Protocol, Socket)>,
    server: Arc<Server>,
}

/// What is spoken.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Protocol {
    /// RFC 5321, with anybody.
    Smtp,
    /// RFC 2033, with a mail server of our own.
    Lmtp,
}

/// What every connection shares.
#[derive(Debug)]
struct Server {
    settings: Settings,
    guard: Guard,
    budget: Budget,
    db: Database,
    links: Links,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
}

impl Server {
    fn new(settings: Settings, db: Database, links: Links, clock: Arc<dyn Clock>) -> Self {
        let (guard, budget) = (Guard::new(&settings), Budget::new(settings.memory, settings.size));
        Self { guard, budget, settings, db, links, clock, shutdown: CancellationToken::new() }
    }
}

impl Listener {
    /// Binds to a port for SMTP; nobody is answered before [`run`](Self::run).
    pub async fn bind(
        address: SocketAddr,
        settings: Settings,
        db: Database,
        links: Links,
        clock: Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let server = Arc::new(Server::new(settings, db, links, clock));
        let socket = Socket::bind(&Address::Tcp(address)).await?;
        Ok(Self { sockets: vec![(Protocol::Smtp, socket)], server })
    }

    /// Binds to one more place, where a mail server of our own hands over by LMTP (RFC 2033), and says where that is. Its
    /// connections count among the others.
    pub async fn bind_lmtp(&mut self, address: &Address) -> io::Result<Address> {
        let socket = Socket::bind(address).await?;
        let address = socket.address()?;
        self.sockets.push((Protocol::Lmtp, socket));
        Ok(address)
    }

    /// Where it listens for SMTP.
    pub fn address(&self) -> io::Result<SocketAddr> {
        let tcp = self.sockets.iter().find_map(|(_, socket)| match socket.address() {
            Ok(Address::Tcp(address)) => Some(address),
            _ => None,
        });
        tcp.ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// Takes mail until `shutdown` is cancelled. Then nobody new is let in, idle clients are told 421, and mails that are
    /// under way are finished within the grace.
    pub async fn run(self, shutdown: CancellationToken) {
        let (doors, tasks, abort) = (TaskTracker::new(), TaskTracker::new(), CancellationToken::new());
        for (protocol, socket) in self.sockets {
            let (server, tasks) = (Arc::clone(&self.server), tasks.clone());
            let (shutdown, abort) = (shutdown.clone(), abort.clone());
            doors.spawn(async move { admit(socket, protocol, &server, &tasks, &shutdown, &abort).await });
        }
        doors.close();
        doors.wait().await;
        self.server.shutdown.cancel();
        tasks.close();
        if tokio::time::timeout(self.server.settings.grace, tasks.wait()).await.is_err() {
            tracing::warn!("clients of the listener for returned mail did not leave in time and are cut off");
            abort.cancel();
            tasks.wait().await;
        }
    }
}

/// Lets clients in at one socket.
async fn admit(
    socket: Socket,
    protocol: Protocol,
    server: &Arc<Server>,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
    abort: &CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (server, abort) = (Arc::clone(server), abort.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = abort.cancelled() => {}
                        () = serve(&server, protocol, stream, peer) => {}
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
}

async fn serve(server: &Server, protocol: Protocol, stream: impl Stream, peer: Peer) {
    let conversation = session::converse(server, protocol, stream, peer);
    match tokio::time::timeout(server.settings.lifetime, conversation).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a client of the listener left"),
        Err(_) => tracing::info!(%peer, "a client of the listener stayed too long and was cut off"),
    }
}
