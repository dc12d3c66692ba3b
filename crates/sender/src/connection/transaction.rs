use std::fmt::{self, Display};

use domain::{EmailAddress, SmtpReply};
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{MailParameter, RcptParameter};
use lettre::transport::smtp::response::{Response, Severity};
use outbox::Phase;
use tokio::time::timeout;

use super::gate::Gate;
use super::problem::{Problem, reply};
use super::transparency::{END, transparent};
use super::{Connection, Ended, Guard, Unfit};

/// A message and its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where reports about it go.
    pub return_path: EmailAddress,
    /// Who gets it: one recipient, because every message differs.
    pub recipient: EmailAddress,
    /// The envelope id that reports bring back (RFC 3461 §4.4).
    pub envid: String,
    /// The message as it is signed: 7-bit, lines ending in CRLF.
    pub raw: Vec<u8>,
}

impl Connection {
    /// Hands over one message. The guard is asked before MAIL FROM and before the final dot; if it says no, the connection is
    /// dropped where it stands.
    ///
    /// The message's bytes are taken as soon as the relay waits for them; before that they stay, for another connection.
    pub async fn send(&mut self, message: &mut Message, guard: &Guard) -> Ended {
        let ended = match self.dialogue(message, guard).await {
            Ok(reply) => Ended::Accepted(reply),
            Err(ended) => ended,
        };
        self.carried += 1;
        self.tidy_up(&ended).await;
        self.refusal = None;
        ended
    }

    async fn dialogue(&mut self, message: &mut Message, guard: &Guard) -> Result<SmtpReply, Ended> {
        (self.phase, self.refusal) = (Phase::MailFrom, None);
        if !guard() {
            return Err(Ended::Withheld { phase: Phase::MailFrom });
        }
        let (mail, rcpt) = self.envelope(message).map_err(Ended::Unfit)?;
        let go_on = if self.offered.pipelining {
            self.ask_together(&mail, &rcpt).await?
        } else {
            self.ask(Phase::MailFrom, mail).await?;
            self.ask(Phase::RcptTo, rcpt).await?;
            self.ask(Phase::Data, Data).await?
        };
        if !go_on.has_code(354) {
            let answer = go_on.first_line().unwrap_or_default().to_owned();
            return Err(self.lost(Problem::Garbled(answer)));
        }
        self.hand_over(transparent(std::mem::take(&mut message.raw)), guard).await
    }

    fn envelope(&self, message: &Message) -> Result<(Mail, Rcpt), Unfit> {
        if !message.raw.is_ascii() {
            return Err(Unfit::EightBit);
        }
        let address = |address: &EmailAddress| address.to_lettre().map_err(|_| Unfit::Address);
        let (from, to): (Address, Address) = (address(&message.return_path)?, address(&message.recipient)?);
        let ascii = message.recipient.as_str().is_ascii();
        let (mut mail, mut rcpt) = (Vec::new(), Vec::new());
        if self.offered.size {
            mail.push(MailParameter::Size(message.raw.len()));
        }
        if !ascii {
            if !self.offered.smtputf8 {
                return Err(Unfit::NeedsSmtpUtf8);
            }
            mail.push(MailParameter::SmtpUtfEight);
        }
        if self.offered.dsn {
            mail.push(mail_parameter("RET", "HDRS"));
            mail.push(mail_parameter("ENVID", &message.envid));
            rcpt.push(rcpt_parameter("NOTIFY", "FAILURE"));
            // An address beyond ASCII would need the type utf-8 of RFC 6533, which few relays know.
            if ascii {
                rcpt.push(rcpt_parameter("ORCPT", &format!("rfc822;{}", message.recipient)));
            }
        }
        Ok((Mail::new(Some(from), mail), Rcpt::new(to, rcpt)))
    }

    async fn ask(&mut self, phase: Phase, command: impl Display) -> Result<Response, Ended> {
        self.phase = phase;
        let answer = timeout(self.relay.timeouts.command, self.smtp.command(command)).await;
        self.understood(answer)
    }

    async fn hand_over(&mut self, letter: Vec<u8>, guard: &Guard) -> Result<SmtpReply, Ended> {
        self.phase = Phase::Body;
        self.gate.arm(guard.clone(), letter.len() - END.len());
        let (body_limit, dot_limit) = (self.relay.timeouts.body, self.relay.timeouts.dot);
        let answer = {
            let mut exchange = std::pin::pin!(say(&mut self.smtp, &self.gate, self.encrypted, letter));
            match timeout(body_limit, &mut exchange).await {
                // The dot is out, so this is the wait for its answer, which may be longer.
                Err(_) if self.gate.is_passed() => timeout(dot_limit, &mut exchange).await.map_err(|_| dot_limit),
                answer => answer.map_err(|_| body_limit),
            }
        };
        // What was said before the dot had left is no answer to it, and the rest of the letter must not leave after it.
        let early = !self.gate.is_passed();
        self.broken |= early;
        let result = match answer {
            Ok(Ok(response)) if early || !is_completed(&response) => {
                let answer = response.first_line().unwrap_or_default().to_owned();
                Err(self.lost(Problem::Garbled(answer)))
            }
            Ok(Ok(response)) => Ok(spoken(&response)),
            Ok(Err(error)) => Err(self.fault(&error)),
            Err(limit) => Err(self.lost(Problem::TimedOut(limit))),
        };
        if !early && !matches!(result, Err(Ended::Broken { .. })) {
            self.gate.disarm();
        }
        result
    }

    pub(super) fn fault(&mut self, error: &Error) -> Ended {
        if self.gate.is_refused() {
            return Ended::Withheld { phase: Phase::Body };
        }
        let reply = match Problem::from_lettre(error) {
            Problem::Refused(reply) => reply,
            problem => return self.lost(problem),
        };
        // An answer to the message itself is an answer to its dot, whenever it comes.
        let phase = if self.phase == Phase::Body { Phase::Dot } else { self.phase };
        self.refusal.get_or_insert_with(|| (phase, reply.clone()));
        Ended::Refused { phase, reply }
    }

    /// Leaves the connection fit for the next message, or marks it as broken.
    async fn tidy_up(&mut self, ended: &Ended) {
        match ended {
            Ended::Accepted(_) | Ended::Answered(_) | Ended::Unfit(_) => {}
            Ended::Broken { .. } | Ended::Withheld { .. } => self.broken = true,
            // RFC 5321 §3.8: 421 says that the relay hangs up.
            Ended::Refused { reply, .. } if reply.code == 421 => self.broken = true,
            // The transaction is over with the answer to its dot.
            Ended::Refused { phase: Phase::Dot, .. } => {}
            Ended::Refused { .. } if self.broken => {}
            Ended::Refused { .. } => self.broken = self.ask(Phase::MailFrom, Rset).await.is_err(),
        }
    }
}

/// Says the letter and waits for the answer. Where nothing is encrypted it goes to the stream as it is; where lettre has to encrypt
/// it, it has to go by lettre, which copies it.
async fn say(smtp: &mut AsyncSmtpConnection, gate: &Gate, encrypted: bool, letter: Vec<u8>) -> Result<Response, Error> {
    if encrypted {
        return smtp.command(Ascii(letter)).await;
    }
    gate.post(letter);
    smtp.read_response().await
}

/// Bytes that are known to be ASCII.
struct Ascii(Vec<u8>);

impl Display for Ascii {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.0).map_err(|_| fmt::Error)?)
    }
}

/// Whether the relay says that all is done (RFC 5321 §4.2.1): lettre lets it pass as well that more is wanted.
fn is_completed(response: &Response) -> bool {
    response.code().severity == Severity::PositiveCompletion
}

fn spoken(response: &Response) -> SmtpReply {
    let lines: Vec<_> = response.message().collect();
    reply(u16::from(response.code()), &lines.join("\n"))
}

fn mail_parameter(keyword: &str, value: &str) -> MailParameter {
    MailParameter::Other { keyword: keyword.to_owned(), value: Some(value.to_owned()) }
}

fn rcpt_parameter(keyword: &str, value: &str) -> RcptParameter {
    RcptParameter::Other { keyword: keyword.to_owned(), value: Some(value.to_owned()) }
}
