use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::lines::Lines;
use super::mail::End;
use super::session::{Next, Session};
use super::{Protocol, reply};
use crate::process::{Incoming, process_each};

impl Session<'_> {
    /// Takes the mail behind DATA, and answers once it is committed.
    pub(super) async fn mail<S: AsyncRead + AsyncWrite + Unpin>(&mut self, lines: &mut Lines<S>) -> io::Result<Next> {
        lines.flush().await?;
        let mut share = self.server.budget.share();
        let end = match lines.body(self.server.settings.size, &mut share).await {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                lines.reply(reply::TOO_SLOW);
                return Ok(Next::Close);
            }
            end => end?,
        };
        let Some(envelope) = self.envelope.take() else { return Ok(self.wrong(lines, reply::MAIL_FIRST)) };
        self.idle = 0;
        // RFC 2033 §4.2: one answer for each recipient that was taken.
        let answers = match self.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => envelope.to.len(),
        };
        let raw = match end {
            End::Mail(raw) => raw,
            End::TooLarge => {
                (1..answers).for_each(|_| lines.reply(reply::TOO_LARGE));
                return Ok(self.wrong(lines, reply::TOO_LARGE));
            }
            End::NoRoom => {
                tracing::warn!(peer = %self.peer, "a returned mail was put off, for too much of others is under way");
                (0..answers).for_each(|_| lines.reply(reply::NO_ROOM));
                return Ok(Next::Listen);
            }
            End::Bare => {
                // Whatever follows may be a smuggled mail's commands.
                tracing::warn!(peer = %self.peer, "a mail with a bare CR or LF was refused");
                (0..answers).for_each(|_| lines.reply(reply::BARE_LINE_END));
                return Ok(Next::Close);
            }
        };
        let source = match self.protocol {
            Protocol::Smtp => "listener",
            Protocol::Lmtp => "lmtp",
        };
        let incoming = Incoming { source, from: &envelope.from, to: &envelope.to, raw: &raw };
        let server = self.server;
        let done = process_each(&server.db, &server.links, incoming, server.clock.now()).await;
        for error in done.iter().filter_map(|done| done.as_ref().err()) {
            let error: &dyn std::error::Error = error;
            let peer = self.peer;
            tracing::error!(%peer, error, "a returned mail could not be kept and was given back to its server");
        }
        // Committed: from here on the client need not keep it. Whatever else it was, such as a deadlock that PostgreSQL ended, 451 has
        // the other server try again; what did not fail is then seen to be done.
        let is_kept: Vec<bool> = (0..envelope.to.len()).map(|at| matches!(done.get(at), Some(Ok(_)))).collect();
        match self.protocol {
            Protocol::Smtp => acknowledge(lines, is_kept.iter().all(|is_kept| *is_kept)),
            Protocol::Lmtp => is_kept.iter().for_each(|is_kept| acknowledge(lines, *is_kept)),
        }
        Ok(Next::Listen)
    }
}

fn acknowledge<S: AsyncRead + AsyncWrite + Unpin>(lines: &mut Lines<S>, is_kept: bool) {
    match is_kept {
        true => lines.reply(reply::OK),
        false => lines.reply(reply::NOT_KEPT),
    }
}
