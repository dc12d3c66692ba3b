//! A server of HTTP that answers as it is told and keeps what it was asked.
//!
//! It speaks just enough HTTP/1.1 on a port of the loopback interface to stand in for a mail service: requests with a
//! Content-Length, one after the other on each connection, encrypted where that is asked for.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::smtp::Certificate;
use crate::tls::Identity;

/// The server. It is gone, with every connection, when it is dropped.
#[derive(Debug)]
pub struct HttpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
    /// What vouches for it, as PEM; nothing where it does not encrypt.
    certificate: Option<String>,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The first line, without the version.
    pub line: String,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum HttpDeed {
    /// Answers, once it has the whole of it.
    Answer(HttpAnswer),
    /// Answers, and hangs up.
    LastAnswer(HttpAnswer),
    /// Answers when it has seen the head, and throws away whatever else comes, but counts it ([`HttpSink::drained`]).
    Early(HttpAnswer),
    /// Says that it answers, and says no more.
    Begin(u16),
    /// Says nothing.
    Hang,
    /// Hangs up, once it has the whole of it.
    Drop,
    /// Hangs up when it has seen the head.
    DropEarly,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Debug)]
struct Shared {
    usual: Mutex<HttpAnswer>,
    next: Mutex<VecDeque<HttpDeed>>,
    requests: Mutex<Vec<HttpRequest>>,
    connections: Mutex<usize>,
    drained: Mutex<usize>,
    drain_ended: Notify,
}

impl HttpSink {
    /// A server that answers every request like this, unless it is told otherwise.
    pub async fn start(usual: HttpAnswer) -> Self {
        Self::launch(usual, None).await
    }

    /// The same over TLS, with a certificate like this.
    pub async fn encrypted(usual: HttpAnswer, certificate: Certificate) -> Self {
        Self::launch(usual, Some(Identity::new(certificate))).await
    }

    #[expect(clippy::expect_used, reason = "a test without its server has failed")]
    async fn launch(usual: HttpAnswer, identity: Option<Identity>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port to listen on");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            usual: Mutex::new(usual),
            next: Mutex::default(),
            requests: Mutex::default(),
            connections: Mutex::default(),
            drained: Mutex::default(),
            drain_ended: Notify::new(),
        });
        let (certificate, acceptor) = identity.map(|Identity { pem, acceptor, .. }| (pem, acceptor)).unzip();
        let task = tokio::spawn(accept(listener, acceptor, Arc::clone(&shared)));
        Self { address, shared, task, certificate }
    }

    /// Where it listens: host and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What vouches for it, as PEM, if it encrypts.
    pub fn certificate(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// What it does with the next request for which it has not been told.
    pub fn then(&self, deed: HttpDeed) {
        lock(&self.shared.next).push_back(deed);
    }

    /// What it answers from now on to all others.
    pub fn answer_with(&self, usual: HttpAnswer) {
        *lock(&self.shared.usual) = usual;
    }

    /// The requests that it has had as a whole, or of which it has read no more than the head.
    pub fn requests(&self) -> Vec<HttpRequest> {
        lock(&self.shared.requests).clone()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        *lock(&self.shared.connections)
    }

    /// How many bytes came behind the head of a request that was answered early, once its connection has ended.
    pub async fn drained(&self) -> usize {
        self.shared.drain_ended.notified().await;
        *lock(&self.shared.drained)
    }
}

impl Drop for HttpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HttpAnswer {
    /// An answer with this status and this body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The same with one header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn text(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("HTTP/1.1 {} Said\r\n{headers}content-length: {}\r\n\r\n{}", self.status, self.body.len(), self.body)
    }
}

/// The request as text, its headers in alphabetical order.
impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut headers = self.headers.clone();
        headers.sort();
        writeln!(f, "{}", self.line)?;
        for (name, value) in headers {
            writeln!(f, "{name}: {value}")?;
        }
        write!(f, "\n{}", self.body.replace("\r\n", "\n"))
    }
}

impl HttpRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        *lock(&shared.connections) += 1;
        let shared = Arc::clone(&shared);
        let acceptor = acceptor.clone();
        sessions.spawn(async move {
            match acceptor {
                None => drop(serve(stream, &shared).await),
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        drop(serve(stream, &shared).await);
                    }
                }
            }
        });
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some((line, headers)) = head(&mut stream).await? {
        let deed = lock(&shared.next).pop_front();
        let deed = deed.unwrap_or_else(|| HttpDeed::Answer(lock(&shared.usual).clone()));
        let early = matches!(deed, HttpDeed::Early(_) | HttpDeed::DropEarly);
        let length =
            headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
        let mut body = vec![0; if early { 0 } else { length.unwrap_or_default() }];
        stream.read_exact(&mut body).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        lock(&shared.requests).push(HttpRequest { line, headers, body });
        match deed {
            HttpDeed::Answer(answer) => stream.write_all(answer.text().as_bytes()).await?,
            HttpDeed::LastAnswer(answer) => return stream.write_all(answer.text().as_bytes()).await,
            HttpDeed::Early(answer) => {
                stream.write_all(answer.text().as_bytes()).await?;
                let mut buffer = [0; 16 * 1024];
                // A client that hangs up in the middle of its request may reset the connection.
                while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
                    *lock(&shared.drained) += bytes;
                }
                shared.drain_ended.notify_one();
                return Ok(());
            }
            HttpDeed::Begin(status) => {
                let begun = format!("HTTP/1.1 {status} Said\r\ncontent-length: 100\r\n\r\n{{");
                stream.write_all(begun.as_bytes()).await?;
                std::future::pending::<()>().await;
            }
            HttpDeed::Hang => std::future::pending::<()>().await,
            HttpDeed::Drop | HttpDeed::DropEarly => return Ok(()),
        }
    }
    Ok(())
}

async fn head(stream: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<Option<(String, Vec<(String, String)>)>> {
    let mut first = String::new();
    if stream.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let line = first.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let mut headers = Vec::new();
    loop {
        let mut text = String::new();
        stream.read_line(&mut text).await?;
        let Some((name, value)) = text.trim_end().split_once(':') else { return Ok(Some((line, headers))) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
