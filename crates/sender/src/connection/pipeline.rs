//! MAIL, RCPT and DATA in one go (RFC 2920), where the relay offers it: one round trip instead of three.

use std::fmt;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::response::Response;
use outbox::Phase;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::problem::Problem;
use super::{Connection, Ended};

/// The three commands as lettre's `command` writes them: each ends its own line.
struct Together<'a>(&'a Mail, &'a Rcpt);

impl fmt::Display for Together<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.0, self.1, Data)
    }
}

impl Connection {
    /// Says all three and hears all three answers; what comes back is the answer to DATA.
    ///
    /// The first refusal is the one that counts, but the answers behind it are heard as well: else the next message would take
    /// them for its own.
    pub(super) async fn ask_together(&mut self, mail: &Mail, rcpt: &Rcpt) -> Result<Response, Ended> {
        self.phase = Phase::MailFrom;
        let limit = self.relay.timeouts.command;
        let answer = timeout(limit, self.smtp.command(Together(mail, rcpt))).await;
        let to_mail = self.understood(answer);
        if let Err(lost @ Ended::Broken { .. }) = to_mail {
            return Err(lost);
        }
        let to_rcpt = match self.listen(Phase::RcptTo).await {
            Err(lost @ Ended::Broken { .. }) => return Err(self.first(to_mail, lost)),
            answer => answer,
        };
        let anybody = to_rcpt.is_ok();
        let refusal = to_mail.err().or(to_rcpt.err());
        match (refusal, self.listen(Phase::Data).await) {
            (None, answer) => answer,
            (Some(refusal), Ok(go_on)) => {
                // A relay that would take a message for somebody, but not from us, might deliver the empty one.
                if anybody {
                    self.broken = true;
                } else {
                    self.say_nothing(&go_on).await;
                }
                Err(refusal)
            }
            (Some(refusal), Err(Ended::Broken { .. })) => {
                self.broken = true;
                Err(refusal)
            }
            (Some(refusal), Err(_)) => Err(refusal),
        }
    }

    async fn listen(&mut self, phase: Phase) -> Result<Response, Ended> {
        self.phase = phase;
        let limit = self.relay.timeouts.command;
        let answer = timeout(limit, self.smtp.read_response()).await;
        self.understood(answer)
    }

    /// What was heard within the time for an answer to a command.
    pub(super) fn understood(&mut self, answer: Result<Result<Response, Error>, Elapsed>) -> Result<Response, Ended> {
        match answer {
            Ok(answer) => answer.map_err(|error| self.fault(&error)),
            Err(_) => Err(self.lost(Problem::TimedOut(self.relay.timeouts.command))),
        }
    }

    /// A connection that ends after a refusal has still refused.
    fn first(&mut self, to_mail: Result<Response, Ended>, lost: Ended) -> Ended {
        self.broken = true;
        to_mail.err().unwrap_or(lost)
    }

    /// The relay waits for a message although it takes nobody for it (RFC 2920 §3.1): it gets an empty one, never ours.
    async fn say_nothing(&mut self, go_on: &Response) {
        let limit = self.relay.timeouts.command;
        let waits = go_on.has_code(354);
        let done = !waits || timeout(limit, self.smtp.message(b"")).await.is_ok_and(|answer| is_answered(&answer));
        self.broken |= !done;
    }
}

/// Whether the relay said anything at all: it is then ready for the next command.
fn is_answered(answer: &Result<Response, Error>) -> bool {
    match answer {
        Ok(_) => true,
        Err(error) => error.is_transient() || error.is_permanent(),
    }
}
