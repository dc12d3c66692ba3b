use std::io;
use std::sync::Arc;
use std::time::Duration;

use domain::EmailAddress;
use links::Refused;
use smtp_proto::{Error as Syntax, MAIL_BODY_BINARYMIME, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::lines::{Line, Lines};
use super::socket::{Peer, Stream};
use super::{Protocol, Server, reply};
use crate::identify::Door;

/// RFC 5321 §4.5.3.1.8: at least so many must be possible.
const RECIPIENTS: usize = 100;

/// How many commands without a mail in between are enough, such as NOOP.
const IDLE: u32 = 100;

/// Speaks with a client until one of the two has had enough.
pub(super) async fn converse(server: &Server, protocol: Protocol, stream: impl Stream, peer: Peer) -> io::Result<()> {
    let mut lines = Lines::new(stream, server.settings.patience);
    let _place = match server.guard.admit(peer.ip()) {
        Ok(place) => place,
        Err(why) => {
            tracing::info!(%peer, why, "a client of the listener for returned mail was sent away");
            lines.reply(&format!("421 4.7.0 {why}, come back later"));
            return lines.flush().await;
        }
    };
    let (encrypted, greeted, envelope) = (false, false, None);
    let mut session = Session { server, protocol, peer, errors: 0, idle: 0, encrypted, greeted, envelope };
    let spoken = match protocol {
        Protocol::Smtp => "ESMTP",
        Protocol::Lmtp => "LMTP",
    };
    lines.reply(&format!("220 {} {spoken} for returned mail", server.settings.hostname));
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
pub(super) struct Session<'a> {
    pub(super) server: &'a Server,
    pub(super) protocol: Protocol,
    pub(super) peer: Peer,
    errors: u32,
    /// Idle talk since the last mail.
    pub(super) idle: u32,
    encrypted: bool,
    greeted: bool,
    pub(super) envelope: Option<Envelope>,
}

/// The sender, empty for reports, and the recipients that were taken.
pub(super) struct Envelope {
    pub(super) from: String,
    pub(super) to: Vec<EmailAddress>,
}

/// How a conversation goes on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Listen,
    /// What was said is answered after a while.
    Wait(Duration),
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
            let next = match next {
                Next::Read => self.mail(lines).await?,
                Next::Wait(delay) => self.wait(delay).await,
                next => next,
            };
            if next != Next::Listen {
                lines.flush().await?;
                return Ok(next);
            }
        }
    }

    /// Lets a while pass before the answer goes out. A shutdown does not wait for it.
    async fn wait(&self, delay: Duration) -> Next {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = self.server.shutdown.cancelled() => {}
        }
        Next::Listen
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
        self.idle += u32::from(is_idle_talk(&request));
        if self.idle > IDLE {
            lines.reply(reply::TOO_IDLE);
            return Next::Close;
        }
        match request {
            // RFC 2033 §4.1: each protocol has a greeting of its own, by which a client that is in the wrong place finds out.
            Request::Ehlo { .. } | Request::Helo { .. } if self.protocol == Protocol::Lmtp => {
                return self.wrong(lines, reply::UNKNOWN);
            }
            Request::Lhlo { .. } if self.protocol == Protocol::Smtp => return self.wrong(lines, reply::UNKNOWN),
            Request::Ehlo { .. } | Request::Lhlo { .. } => {
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
            let is_elsewhere = matches!(refused, Refused::Malformed) && !self.is_of_ours(&to);
            let refusal = if is_elsewhere { reply::NO_RELAYING } else { reply::NO_SUCH_RECIPIENT };
            return self.guessed(lines, refusal);
        }
        envelope.to.push(to);
        lines.reply(reply::RECIPIENT);
        Next::Listen
    }

    /// As far as is known without asking the database for the brands' bounce domains: of the server's own name, or that of a fixed address.
    fn is_of_ours(&self, address: &EmailAddress) -> bool {
        let settings = &self.server.settings;
        address.domain().eq_ignore_ascii_case(&settings.hostname)
            || settings.fixed.iter().any(|fixed| fixed.domain() == address.domain())
    }

    /// Refuses a recipient. Who guesses waits for that.
    fn guessed<S: AsyncRead + AsyncWrite + Unpin>(&mut self, lines: &mut Lines<S>, reply: &str) -> Next {
        match (self.wrong(lines, reply), self.protocol) {
            (Next::Listen, Protocol::Smtp) => Next::Wait(self.server.guard.guessed(self.peer.ip())),
            (next, _) => next,
        }
    }

    /// Answers what is wrong; who is wrong too often is sent away.
    pub(super) fn wrong<S: AsyncRead + AsyncWrite + Unpin>(&mut self, lines: &mut Lines<S>, reply: &str) -> Next {
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

/// What brings no mail nearer. Of the others a client has so many before it makes a mistake, or sends one.
fn is_idle_talk<T>(request: &Request<T>) -> bool {
    use Request::{Ehlo, Helo, Help, Lhlo, Noop, Rset, Vrfy};
    matches!(request, Ehlo { .. } | Helo { .. } | Lhlo { .. } | Help { .. } | Noop { .. } | Vrfy { .. } | Rset)
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
