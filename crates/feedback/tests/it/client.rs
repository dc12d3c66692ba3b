//! A client that says what it is told, octet by octet.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use feedback::listener::{Address, Listener, Settings};
use testkit::{ManualClock, start_of_time};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::{World, address};

/// A running listener.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) lmtp: Address,
    pub(crate) unix: Address,
    _folder: tempfile::TempDir,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new("mx.bounce.example.com");
    settings.fixed = vec![address("postmaster@bounce.example.com"), address("fbl@bounce.example.com")];
    settings.connections_per_minute = NonZeroU32::new(10_000).unwrap();
    settings.patience = Duration::from_secs(20);
    settings.tarpit = Duration::ZERO;
    settings
}

impl Running {
    pub(crate) async fn start(world: &World<'_>, settings: Settings) -> Self {
        let clock = Arc::new(ManualClock::at(start_of_time()));
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut listener =
            Listener::bind(loopback, settings, world.db.clone(), world.links.clone(), clock).await.unwrap();
        let lmtp = listener.bind_lmtp(&Address::Tcp(loopback)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let unix = listener.bind_lmtp(&Address::Unix(folder.path().join("lmtp"))).await.unwrap();
        let address = listener.address().unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(listener.run(shutdown.clone()));
        Self { address, lmtp, unix, shutdown, task, _folder: folder }
    }

    pub(crate) fn begin_shutdown(&self) {
        self.shutdown.cancel();
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

pub(crate) struct Client<S> {
    stream: BufReader<S>,
}

impl Client<TcpStream> {
    pub(crate) async fn connect(to: &Running) -> Self {
        let mut client = Self { stream: BufReader::new(TcpStream::connect(to.address).await.unwrap()) };
        let greeting = client.read().await;
        assert!(greeting.starts_with("220 mx.bounce.example.com ESMTP"), "{greeting}");
        client
    }

    /// Connected, without waiting for a greeting.
    pub(crate) async fn raw(to: &Running) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(to.address).await.unwrap()) }
    }

    pub(crate) fn into_inner(self) -> TcpStream {
        self.stream.into_inner()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// The next whole reply, its lines parted by `|`; empty once the connection is closed.
    pub(crate) async fn read(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                return reply;
            }
            let line = line.trim_end();
            reply.push_str(line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
            reply.push('|');
        }
    }

    pub(crate) async fn send(&mut self, octets: &[u8]) {
        self.stream.get_mut().write_all(octets).await.unwrap();
    }

    /// Says a line and gives the code of the reply.
    pub(crate) async fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.read().await.chars().take(3).collect()
    }

    /// Hands in one mail and gives the last reply.
    pub(crate) async fn deliver(&mut self, to: &str, mail: &str) -> String {
        assert_eq!(self.say("MAIL FROM:<>").await, "250");
        let taken = self.say(&format!("RCPT TO:<{to}>")).await;
        if taken != "250" {
            return taken;
        }
        assert_eq!(self.say("DATA").await, "354");
        self.send(format!("{mail}\r\n.\r\n").as_bytes()).await;
        self.read().await
    }
}
