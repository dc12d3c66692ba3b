use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use domain::{Clock, EmailAddress};
use lettre::address::Envelope;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::mailbox::Mailbox;
use super::report::delivery_report;

/// A relay that takes everything and sends nothing on. What was for a mailbox that does not exist comes back a moment later
/// as a delivery report, over a socket, as it would from a mail server far away.
#[derive(Debug)]
pub(super) struct Relay {
    address: SocketAddr,
    behind: Arc<Behind>,
}

#[derive(Debug)]
struct Behind {
    mailbox: Mailbox,
    gone: BTreeSet<EmailAddress>,
    returns: OnceLock<SocketAddr>,
    reports: AtomicU64,
    clock: Arc<dyn Clock>,
}

impl Relay {
    /// Starts it on a free port. It runs as long as the runtime does.
    pub(super) async fn start(
        mailbox: Mailbox,
        gone: BTreeSet<EmailAddress>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the demo's relay finds no port")?;
        let behind = Behind { mailbox, gone, returns: OnceLock::new(), reports: AtomicU64::new(0), clock };
        let relay = Self { address: listener.local_addr()?, behind: Arc::new(behind) };
        let behind = relay.behind.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let behind = behind.clone();
                // A client that hangs up has said all that it wanted to say.
                tokio::spawn(async move { converse(stream, &behind).await.ok() });
            }
        });
        Ok(relay)
    }

    /// Where it takes mail.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it where returned mail goes: what the MX of the bounce domain would say.
    pub(super) fn return_to(&self, address: SocketAddr) {
        // It is told once.
        let _ = self.behind.returns.set(address);
    }
}

/// One session, RFC 5321 as far as our own sender speaks it.
async fn converse(stream: TcpStream, behind: &Arc<Behind>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    write.write_all(b"220 mx.demo.example ESMTP\r\n").await?;
    let (mut from, mut to) = (None, Vec::new());
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let command = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-mx.demo.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n",
            "MAIL" => {
                from = path(&command);
                to.clear();
                "250 2.1.0 ok\r\n"
            }
            "RCPT" => match path(&command) {
                Some(recipient) => {
                    to.push(recipient);
                    "250 2.1.5 ok\r\n"
                }
                None => "553 5.1.3 that is no address\r\n",
            },
            "DATA" if to.is_empty() => "503 5.5.1 RCPT first\r\n",
            "DATA" => {
                write.write_all(b"354 go ahead\r\n").await?;
                let Some(raw) = message(&mut lines).await? else { return Ok(()) };
                to.drain(..).for_each(|recipient| accept(behind, from.clone(), recipient, raw.clone()));
                "250 2.0.0 kept\r\n"
            }
            "RSET" => {
                to.clear();
                "250 2.0.0 ok\r\n"
            }
            "HELO" | "NOOP" => "250 2.0.0 ok\r\n",
            "QUIT" => {
                write.write_all(b"221 2.0.0 bye\r\n").await?;
                return Ok(());
            }
            _ => "500 5.5.2 what?\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
}

/// The address between angle brackets; none is `<>`.
fn path(command: &str) -> Option<EmailAddress> {
    command.split_once('<')?.1.split_once('>')?.0.parse().ok()
}

/// The lines up to the final dot, without the dots that were put in front (RFC 5321 §4.5.2). None if the client is gone.
async fn message(lines: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let mut raw = Vec::new();
    loop {
        let begun = raw.len();
        if lines.read_until(b'\n', &mut raw).await? == 0 {
            return Ok(None);
        }
        match &raw[begun..] {
            b".\r\n" => {
                raw.truncate(begun);
                return Ok(Some(raw));
            }
            [b'.', ..] => drop(raw.remove(begun)),
            _ => {}
        }
    }
}

/// Keeps the mail, and returns it if nobody lives there.
fn accept(behind: &Arc<Behind>, from: Option<EmailAddress>, to: EmailAddress, raw: Vec<u8>) {
    let now = behind.clock.now();
    if let (Some(from), true) = (&from, behind.gone.contains(&to)) {
        let number = behind.reports.fetch_add(1, Ordering::Relaxed) + 1;
        let report = delivery_report(from, &to, &raw, number, now);
        let (behind, from) = (behind.clone(), from.clone());
        tokio::spawn(async move {
            if let Err(error) = give_back(&behind, &from, &report).await {
                tracing::error!(error = &*error, "the demo's report was not taken");
            }
        });
    }
    behind.mailbox.deliver(from, to, raw, now);
}

/// Hands a report to eshot's listener, from the empty return path (RFC 5321 §4.5.5).
async fn give_back(behind: &Behind, to: &EmailAddress, report: &[u8]) -> anyhow::Result<()> {
    let returns = behind.returns.get().context("nobody takes returned mail yet")?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(returns.ip().to_string());
    let envelope = Envelope::new(None, vec![to.to_lettre()?])?;
    transport.port(returns.port()).build().send_raw(&envelope, report).await?;
    Ok(())
}
