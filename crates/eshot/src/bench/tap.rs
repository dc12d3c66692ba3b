use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A place on this machine that passes everything on to the relay, and keeps what the relay is told.
pub(super) struct Tap {
    address: SocketAddr,
    stop: CancellationToken,
    /// What was said on each connection.
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    task: tokio::task::JoinHandle<()>,
}

/// A message as the relay took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) recipient: String,
    pub(super) raw: Vec<u8>,
}

impl Tap {
    pub(super) async fn open(relay: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
        let (address, stop, heard) = (listener.local_addr()?, CancellationToken::new(), Arc::default());
        let task = tokio::spawn(listen(listener, relay, Arc::clone(&heard), stop.clone()));
        Ok(Self { address, stop, heard, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every message that went through.
    pub(super) async fn close(self) -> anyhow::Result<Vec<Taken>> {
        self.stop.cancel();
        self.task.await?;
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(heard.iter().flat_map(|dialogue| messages(dialogue)).collect())
    }
}

async fn listen(listener: TcpListener, relay: SocketAddr, heard: Arc<Mutex<Vec<Vec<u8>>>>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Ok((client, _)) = listener.accept() => {
                let heard = Arc::clone(&heard);
                connections.spawn(async move {
                    let mut said = Vec::new();
                    // However it ends, what was said until then was said.
                    let _ = pass(client, relay, &mut said).await;
                    heard.lock().unwrap_or_else(PoisonError::into_inner).push(said);
                });
            }
        }
    }
    connections.join_all().await;
}

async fn pass(client: TcpStream, relay: SocketAddr, said: &mut Vec<u8>) -> std::io::Result<()> {
    let server = TcpStream::connect(relay).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = from_client.read(&mut buffer).await?;
            if length == 0 {
                return to_server.shutdown().await;
            }
            said.extend_from_slice(&buffer[..length]);
            to_server.write_all(&buffer[..length]).await?;
        }
    };
    let back = async {
        tokio::io::copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(there, back).map(drop)
}

/// The messages in what a client said. It says DATA last in a group, so the body is what follows (RFC 2920 §3.1).
fn messages(said: &[u8]) -> Vec<Taken> {
    let (mut found, mut recipient, mut body) = (Vec::new(), String::new(), None::<Vec<u8>>);
    for line in said.split_inclusive(|byte| *byte == b'\n') {
        match &mut body {
            Some(raw) if line == b".\r\n" => {
                found.push(Taken { recipient: std::mem::take(&mut recipient), raw: std::mem::take(raw) });
                body = None;
            }
            // RFC 5321 §4.5.2: a dot at the beginning was doubled.
            Some(raw) => raw.extend_from_slice(if line.starts_with(b"..") { &line[1..] } else { line }),
            None if line.eq_ignore_ascii_case(b"DATA\r\n") => body = Some(Vec::new()),
            None => {
                let line = String::from_utf8_lossy(line);
                if let Some((_, address)) = line.split_once("RCPT TO:<") {
                    address.split('>').next().unwrap_or_default().clone_into(&mut recipient);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_is_read_as_messages() {
        let said = b"EHLO x\r\nMAIL FROM:<a@b.c> SIZE=9\r\nRCPT TO:<one@b.c> NOTIFY=FAILURE\r\nDATA\r\nA: 1\r\n\r\n..x\r\n.\r\n\
                     MAIL FROM:<a@b.c>\r\nRCPT TO:<two@b.c>\r\nDATA\r\nDATA\r\n.\r\nQUIT\r\n";
        let found = messages(said);
        let read = |taken: &Taken| (taken.recipient.clone(), String::from_utf8(taken.raw.clone()).unwrap());
        assert_eq!(
            found.iter().map(read).collect::<Vec<_>>(),
            [("one@b.c".to_owned(), "A: 1\r\n\r\n.x\r\n".to_owned()), ("two@b.c".to_owned(), "DATA\r\n".to_owned()),]
        );
    }
}
