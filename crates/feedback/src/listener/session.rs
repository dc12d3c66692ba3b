use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use domain::EmailAddress;
use smtp_proto::{Error as Syntax, MAIL_BODY_BINARYMIME, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::lines::{Line, Lines};
use super::mail::End;
use super::{Server, reply};
use crate::identify::Door;
use crate::process::{Incoming, process};

/// RFC 5321 §4.5.3.1.8: at least so many must be possible.
const RECIPIENTS: usize = 100;

/// Speaks with a client until one of the two has had enough.
pub(super) async fn converse(server: &Server, stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = Lines::new(stream, server.settings.patience);
    let _place = match server.guard.admit(peer.ip()) {
        Ok(place) => place,
        Err(why) => {
            tracing::info!(%peer, why, "a client of the listener for returned mail was sent away");
            lines.reply(&format!("421 4.7.0 {why}, come back later"));
            return lines.flush().await;
        }
    };
    let mut session = Session { server, peer, errors: 0, encrypted: false, greeted: false, envelope: None };
    lines.reply(&format!("220 {} ESMTP for returned mail", server.settings.hostname));
    if session.speak(&mut lines).await? == Next::Encrypt
        && let Some(tls) = &server.settings.tls
    {
        let stream = TlsAcceptor::from(Arc::clone(tls)).accept(lines.into_inner());
        let stream = tokio::time::timeout(server.settings.patience, stream).await??;
        // RFC 3207 §4.2: what was said before counts for nothing.
        let mut session = Session { encrypted: true, greeted: false, envelope: None, ..session };
        session.speak(&mut Lines::new(stream, server.settings.patience)).await?;
    }
    Ok(())
}

/// What a client has said so far.
struct Session<'a> {
    server: &'a Server,
    peer: SocketAddr,
    errors: u32,
    encrypted: bool,
    greeted: bool,
    envelope: Option<Envelope>,
}

/// The sender, empty for reports, and the recipients that were taken.
struct Envelope {
    from: String,
    to: Vec<EmailAddress>,
}

/// How a conversation goes on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Next {
    Listen,
    Read,
    Encrypt,
    Close,
}

impl Session<'_> {
    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(&mut self, lines: &mut Lines<S>) -> io::Result<Next> {
        loop {
            if lines.is_waited_for() {
                lines.flush().await?;
            }
            let line = tokio::select! {
                biased;
                line = lines.line() => line,
                // Only who has nothing under way is sent home.
                () = self.server.shutdown.cancelled(), if self.envelope.is_none() => {
                    lines.reply(reply::SHUTTING_DOWN);
                    lines.flush().await?;
                    return Ok(Next::Close);
                }
            };
            let next = match line {
                Ok(Line::Command(line)) => self.command(lines, &line),
                Ok(Line::TooLong) => self.wrong(lines, reply::LINE_TOO_LONG),
                Ok(Line::Bare) => {
                    tracing::warn!(peer = %self.peer, "a client of the listener sent a bare CR or LF and was cut off");
                    lines.reply(reply::BARE_LINE_END);
                    Next::Close
                }
                Ok(Line::Closed) => return Ok(Next::Close),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    lines.reply(reply::TOO_SLOW);
                    Next::Close
                }
                Err(error) => return Err(error),
            };
            let next = if next == Next::Read { self.mail(lines).await? } else { next };
            if next != Next::Listen {
                lines.flush().await?;
                return Ok(next);
            }
        }
    }

    fn command<S: AsyncRead + AsyncWrite + Unpin>(&mut self, lines: &mut Lines<S>, line: &[u8]) -> Next {
        // RFC 5321 §4.5.1: postmaster is known without a domain, in any case.
        if is_for_postmaster(line) {
            let fixed = &self.server.settings.fixed;
            let known = fixed.iter().find(|fixed| fixed.local_part() == "postmaster").cloned();
            return self.recipient(lines, known);
        }
        let request = match Request::parse(&mut line.iter()) {
            Ok(request) => request,
            Err(Syntax::InvalidRecipientAddress | Syntax::InvalidSenderAddress) => {
                return self.wrong(lines, reply::NO_ADDRESS);
            }
            Err(Syntax::UnknownCommand) => return self.wrong(lines, reply::UNKNOWN),
            Err(_) => return self.wrong(lines, reply::SYNTAX),
        };
        match request {
            Request::Ehlo { .. } => {
                (self.greeted, self.envelope) = (true, None);
                self.say_what_is_offered(lines);
            }
            Request::Helo { .. } => {
                (self.greeted, self.envelope) = (true, None);
                lines.reply(&format!("250 {}", self.server.settings.hostname));
            }
            Request::Mail { from } => {
                let refusal = match () {
                    () if !self.greeted => Some(reply::HELLO_FIRST),
                    () if self.envelope.is_some() => Some(reply::SENDER_TWICE),
                    () if from.flags & MAIL_BODY_BINARYMIME != 0 => Some(reply::SYNTAX),
                    () if from.size > self.server.settings.size => Some(reply::TOO_LARGE),
                    () => None,
                };
                if let Some(refusal) = refusal {
                    return self.wrong(lines, refusal);
                }
                self.envelope = Some(Envelope { from: from.address.into_owned(), to: Vec::new() });
                lines.reply(reply::SENDER);
            }
            Request::Rcpt { to } => return self.recipient(lines, to.address.parse().ok()),
            Request::Data => match &self.envelope {
                Some(envelope) if !envelope.to.is_empty() => {
                    lines.reply(reply::SEND_MAIL);
                    return Next::Read;
                }
                Some(_) => return self.wrong(lines, reply::RECIPIENT_FIRST),
                None => return self.wrong(lines, reply::MAIL_FIRST),
            },
            Request::Rset => {
                self.envelope = None;
                lines.reply(reply::OK);
            }
            Request::StartTls if self.server.settings.tls.is_some() && !self.encrypted => {
                lines.reply(reply::READY_FOR_TLS);
                return Next::Encrypt;
            }
            Request::Noop { .. } => lines.reply(reply::OK),
            Request::Vrfy { .. } => lines.reply(reply::VERIFY),
            Request::Help { .. } => lines.reply(reply::HELP),
            Request::Quit => {
                lines.reply(reply::BYE);
                return Next::Close;
            }
            _ => return self.wrong(lines, reply::NOT_OFFERED),
        }
        Next::Listen
    }

    fn say_what_is_offered<S: AsyncRead + AsyncWrite + Unpin>(&self, lines: &mut Lines<S>) {
        lines.reply(&format!("250-{}", self.server.settings.hostname));
        if self.server.settings.tls.is_some() && !self.encrypted {
            lines.reply("250-STARTTLS");
        }
        lines.reply(&format!("250-SIZE {}", self.server.settings.size));
        lines.reply("250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES");
    }

    fn recipient<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        lines: &mut Lines<S>,
        address: Option<EmailAddress>,
    ) -> Next {
        let Some(envelope) = &mut self.envelope else { return self.wrong(lines, reply::MAIL_FIRST) };
        if envelope.to.len() >= RECIPIENTS {
            return self.wrong(lines, reply::TOO_MANY_RECIPIENTS);
        }
        let Some(to) = address else { return self.wrong(lines, reply::NO_ADDRESS) };
        if !self.server.settings.fixed.contains(&to)
            && let Err(refused) = Door::of(&self.server.links, &to)
        {
            tracing::warn!(
                peer = %self.peer,
                recipient = %to.masked(),
                %refused,
                "mail for an address without a token of ours was refused"
            );
            return self.wrong(lines, reply::NO_SUCH_RECIPIENT);
        }
        envelope.to.push(to);
        lines.reply(reply::RECIPIENT);
        Next::Listen
    }

    async fn mail<S: AsyncRead + AsyncWrite + Unpin>(&mut self, lines: &mut Lines<S>) -> io::Result<Next> {
        lines.flush().await?;
        let end = lines.body(self.server.settings.size).await?;
        let Some(envelope) = self.envelope.take() else { return Ok(self.wrong(lines, reply::MAIL_FIRST)) };
        let raw = match end {
            End::Mail(raw) => raw,
            End::TooLarge => return Ok(self.wrong(lines, reply::TOO_LARGE)),
            End::Bare => {
                // Whatever follows may be a smuggled mail's commands.
                tracing::warn!(peer = %self.peer, "a mail with a bare CR or LF was refused");
                lines.reply(reply::BARE_LINE_END);
                return Ok(Next::Close);
            }
        };
        let incoming = Incoming { source: "listener", from: &envelope.from, to: &envelope.to, raw: &raw };
        let server = self.server;
        match process(&server.db, &server.links, incoming, server.clock.now()).await {
            // Committed: from here on the client need not keep it.
            Ok(_) => lines.reply(reply::OK),
            // Whatever it was, such as a deadlock that PostgreSQL ended: 451 has the other server try again.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(
                    peer = %self.peer,
                    error,
                    "a returned mail could not be kept and was given back to its server"
                );
                lines.reply(reply::NOT_KEPT);
            }
        }
        Ok(Next::Listen)
    }

    /// Answers what is wrong; who is wrong too often is sent away.
    fn wrong<S: AsyncRead + AsyncWrite + Unpin>(&mut self, lines: &mut Lines<S>, reply: &str) -> Next {
        lines.reply(reply);
        self.errors += 1;
        if self.errors < self.server.settings.errors {
            return Next::Listen;
        }
        tracing::info!(peer = %self.peer, "a client of the listener made too many errors and was cut off");
        lines.reply(reply::TOO_MANY_ERRORS);
        Next::Close
    }
}

fn is_for_postmaster(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.get(..8).is_some_and(|verb| verb.eq_ignore_ascii_case(b"RCPT TO:"))
        && line.get(8..).is_some_and(|path| path.trim_ascii_start().eq_ignore_ascii_case(b"<postmaster>"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn postmaster_needs_no_domain() {
        for line in ["RCPT TO:<postmaster>\r\n", "rcpt to: <Postmaster>\r\n"] {
            assert!(is_for_postmaster(line.as_bytes()), "{line:?}");
        }
        assert!(!is_for_postmaster(b"RCPT TO:<postmaster@example.com>\r\n"));
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_of_commands_fall(
            verb in prop::sample::select(vec!["", "MAIL FROM:<", "RCPT TO:<", "EHLO ", "BDAT ", "AUTH ", "BURL "]),
            rest in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let line = [verb.as_bytes(), &rest, b"\r\n"].concat();
            let _ = Request::parse(&mut line.iter());
        }
    }
}
