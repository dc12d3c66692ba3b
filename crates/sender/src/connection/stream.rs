use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::gate::Gate;

/// More than this is not kept back: a bound on memory, far above any message of ours.
const KEPT: usize = 256 * 1024;

/// A TCP stream that keeps what is written until an answer is awaited, and then sends it in one piece.
///
/// lettre flushes after every write, and TLS writes record by record: a message would leave in many small segments, and with
/// Nagle's algorithm and delayed acknowledgements that costs forty milliseconds a message on a loopback interface.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    gate: Gate,
    kept: Vec<u8>,
    sent: usize,
    /// What was kept before a letter took its place.
    spare: Vec<u8>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, gate: Gate) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, gate, kept: Vec::with_capacity(512), sent: 0, spare: Vec::new() })
    }

    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain_kept(cx))?;
        if let Some(letter) = self.gate.collect() {
            self.spare = std::mem::replace(&mut self.kept, letter);
            ready!(self.drain_kept(cx))?;
        }
        // A letter's memory goes with it: it is many times what commands need.
        if self.spare.capacity() > 0 {
            self.kept = std::mem::take(&mut self.spare);
        }
        Poll::Ready(Ok(()))
    }

    fn drain_kept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.kept.len() {
            // Asked anew for every write: the last one may have had to wait for long.
            self.gate.may_send()?;
            let sent = ready!(Pin::new(&mut self.tcp).poll_write(cx, &self.kept[self.sent..]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
            self.gate.sent(sent);
        }
        self.kept.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(cx))?;
        if !self.gate.is_bytewise() {
            return Pin::new(&mut self.tcp).poll_read(cx, buf);
        }
        let mut byte = [0; 1];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut one))?;
        buf.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.kept.len() > KEPT {
            ready!(self.drain(cx))?;
        }
        self.kept.extend_from_slice(data);
        self.gate.accepted(data.len());
        Poll::Ready(Ok(data.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.drain(cx))?;
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

/// The same, encrypted from the first byte.
#[derive(Debug)]
pub(super) struct Encrypted(pub(super) TlsStream<Stream>);

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}
