//! A mail server that does as it is told and counts what it takes.
//!
//! It speaks real SMTP on a port of the loopback interface. By default it offers the usual extensions and accepts
//! everything; [`Rule`]s make it refuse, hang or hang up at any moment of the dialogue.

mod record;
mod rule;
mod script;
mod session;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

pub use self::record::{Accepted, Recipient};
pub use self::rule::{Deed, Hold, Moment, Rule};
pub use self::script::{Certificate, Encryption, Script};
use crate::tls::Identity;

/// The server. It is gone, with every connection, when it is dropped.
#[derive(Debug)]
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What the sessions have in common.
#[derive(Debug)]
struct Shared {
    script: Script,
    identity: Identity,
    rules: Mutex<Vec<Rule>>,
    record: Mutex<Record>,
    accepted: watch::Sender<usize>,
    stopping: Notify,
}

#[derive(Debug, Default)]
struct Record {
    messages: Vec<Accepted>,
    by_recipient: BTreeMap<String, usize>,
    commands: Vec<String>,
    connections: usize,
    open: usize,
    most_open: usize,
}

impl SmtpSink {
    /// A server that accepts everything.
    pub async fn start() -> Self {
        Self::with(Script::default()).await
    }

    /// A server with these manners.
    pub async fn with(script: Script) -> Self {
        Self::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), script).await
    }

    /// A server at an address of the caller's choice: that of one which was stopped, say.
    #[expect(clippy::expect_used, reason = "a test without its server has failed")]
    pub async fn bind(address: SocketAddr, script: Script) -> Self {
        let listener = listen(address).expect("a port to listen on");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            identity: Identity::new(script.certificate),
            script,
            rules: Mutex::default(),
            record: Mutex::default(),
            accepted: watch::Sender::new(0),
            stopping: Notify::new(),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL as a relay.
    pub fn url(&self) -> String {
        let scheme = match self.shared.script.encryption {
            Encryption::Implicit => "smtps",
            Encryption::None | Encryption::StartTls => "smtp",
        };
        format!("{scheme}://{}", self.address)
    }

    /// Its certificate, in PEM, for a client that is to trust it.
    pub fn certificate_pem(&self) -> &str {
        &self.shared.identity.pem
    }

    /// Adds a rule. Of the rules that fit a moment, the one added first is followed.
    pub fn add(&self, rule: Rule) {
        lock(&self.shared.rules).push(rule);
    }

    /// Forgets every rule: from now on everything is accepted.
    pub fn forgive(&self) {
        lock(&self.shared.rules).clear();
    }

    /// What arrived whole, in the order of the final dots; messages whose dot was not answered are among them.
    pub fn messages(&self) -> Vec<Accepted> {
        lock(&self.shared.record).messages.clone()
    }

    /// How many messages arrived whole.
    pub fn count(&self) -> usize {
        *self.shared.accepted.borrow()
    }

    /// How often each recipient, in small letters, was sent a whole message.
    pub fn by_recipient(&self) -> BTreeMap<String, usize> {
        lock(&self.shared.record).by_recipient.clone()
    }

    /// Every command line, credentials and all.
    pub fn commands(&self) -> Vec<String> {
        lock(&self.shared.record).commands.clone()
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        lock(&self.shared.record).connections
    }

    /// How many connections were open at one time, at most.
    pub fn most_connections(&self) -> usize {
        lock(&self.shared.record).most_open
    }

    /// Waits until so many messages have arrived whole.
    pub async fn wait_for(&self, messages: usize) {
        // The sender lives as long as we do, so waiting cannot fail.
        let _ = self.shared.accepted.subscribe().wait_for(|count| *count >= messages).await;
    }

    /// Stops listening and cuts every connection; what was recorded can still be asked for, and nothing comes to it any more.
    pub async fn stop(&mut self) {
        self.shared.stopping.notify_one();
        let _ = (&mut self.task).await;
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    // A server that comes back takes its old port although connections of its past still linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropping the set ends the sessions, so they end with this task.
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stopping.notified() => break,
        };
        let Ok((stream, _)) = accepted else { break };
        let shared = Arc::clone(&shared);
        sessions.spawn(async move { session::serve(stream, &shared).await });
        while sessions.try_join_next().is_some() {}
    }
    drop(listener);
    // One that is just being polled goes on to its next wait, and may take a message until then.
    sessions.shutdown().await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
