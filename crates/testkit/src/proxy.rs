use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// How much is read in one go.
const CHUNK: usize = 64 * 1024;

/// A server that is far away: what is said to it, and what it says, takes its time. It counts round trips, which is what a distance
/// makes dear. It is gone, with every connection, when it is dropped.
#[derive(Debug)]
pub struct DelayingProxy {
    address: SocketAddr,
    turns: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl DelayingProxy {
    /// A way to this server that takes so long in each direction.
    #[expect(clippy::expect_used, reason = "a test without its proxy has failed")]
    pub async fn start(server: SocketAddr, each_way: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port to listen on");
        let address = listener.local_addr().expect("a bound socket has an address");
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        let task = tokio::spawn(async move {
            // Dropping the set ends the connections, so they end with this task.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connect(client, server, each_way, Arc::clone(&counted)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, turns, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often a client has said something after it had heard something, or first of all: over all connections, the round trips.
    pub fn round_trips(&self) -> usize {
        self.turns.load(Ordering::Relaxed)
    }
}

impl Drop for DelayingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Either side may hang up; then the other is told, when what was said before has arrived.
async fn connect(client: TcpStream, server: SocketAddr, each_way: Duration, turns: Arc<AtomicUsize>) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let client_spoke_last = AtomicBool::new(false);
    let there = carry(from_client, to_server, each_way, || {
        if !client_spoke_last.swap(true, Ordering::Relaxed) {
            turns.fetch_add(1, Ordering::Relaxed);
        }
    });
    let back = carry(from_server, to_client, each_way, || client_spoke_last.store(false, Ordering::Relaxed));
    tokio::try_join!(there, back).map(drop)
}

/// Hands on what is read, each chunk when its time has come: what is said meanwhile does not wait for what was said before.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration, heard: impl Fn()) -> io::Result<()> {
    let (sender, mut chunks) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let reading = async {
        let sender = sender;
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            if from.read_buf(&mut chunk).await? == 0 {
                return Ok(());
            }
            heard();
            // Whoever no longer writes has hung up.
            let _ = sender.send((Instant::now() + delay, chunk));
        }
    };
    let writing = async {
        while let Some((due, chunk)) = chunks.recv().await {
            until(due).await;
            to.write_all(&chunk).await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing).map(drop)
}

/// Waits, to a tenth of a millisecond: tokio's timers alone would come up to two milliseconds late, which is a good part of what is to
/// be waited for.
async fn until(due: Instant) {
    const COARSE: Duration = Duration::from_millis(2);
    if let Some(early) = due.checked_sub(COARSE) {
        tokio::time::sleep_until(early).await;
    }
    let rest = due.saturating_duration_since(Instant::now());
    if !rest.is_zero() {
        // Whoever ends meanwhile does not wait for it.
        let _ = tokio::task::spawn_blocking(move || std::thread::sleep(rest)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_way_takes_its_time_and_what_is_said_together_is_one_round_trip() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut word = [0; 4];
            while stream.read_exact(&mut word).await.is_ok() {
                stream.write_all(&word).await.unwrap();
            }
        });
        let proxy = DelayingProxy::start(server, Duration::from_millis(15)).await;
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        let begun = Instant::now();
        let mut answer = [0; 8];
        client.write_all(b"pingpong").await.unwrap();
        client.read_exact(&mut answer).await.unwrap();
        client.write_all(b"ping").await.unwrap();
        client.read_exact(&mut answer[..4]).await.unwrap();
        assert_eq!(proxy.round_trips(), 2);
        assert!(begun.elapsed() >= Duration::from_millis(60), "{:?}", begun.elapsed());
    }
}
