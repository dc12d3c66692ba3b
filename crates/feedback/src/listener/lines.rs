use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::budget::Share;
use super::mail::{Body, End};

/// RFC 5321 §4.5.3.1.4 allows 512 octets, and extensions add to that.
const LINE: usize = 2_048;
/// What is read at a time.
const CHUNK: usize = 8 << 10;

/// A connection, read by lines and mails, with the replies that are not sent yet.
#[derive(Debug)]
pub(super) struct Lines<S> {
    stream: S,
    input: Vec<u8>,
    output: Vec<u8>,
    patience: Duration,
}

/// A line that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A command, with its CR LF.
    Command(Vec<u8>),
    /// It has a CR or LF of its own. Whoever takes that for a line end sees other commands than we do.
    Bare,
    /// It is longer than a command may be; what is left of it is dropped.
    TooLong,
    /// The client closed the connection.
    Closed,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lines<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, input: Vec::new(), output: Vec::new(), patience }
    }

    /// The connection for another use. What the client sent ahead is dropped: before TLS began anybody could have
    /// written it (RFC 3207 §4.2).
    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    /// Puts a reply in line; it is sent once the client waits for it (RFC 2920 §3.2).
    pub(super) fn reply(&mut self, reply: &str) {
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    /// Sends what is in line.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let sent = async {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await
        };
        tokio::time::timeout(self.patience, sent).await.map_err(|_| slow())??;
        self.output.clear();
        Ok(())
    }

    /// Whether the client may be waiting for replies: no whole line of it is left.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.input.contains(&b'\n')
    }

    /// The next line. The whole of it must come in time, so that dripping octets win nothing.
    pub(super) async fn line(&mut self) -> io::Result<Line> {
        let patience = self.patience;
        tokio::time::timeout(patience, self.next_line()).await.map_err(|_| slow())?
    }

    async fn next_line(&mut self) -> io::Result<Line> {
        let mut too_long = false;
        let mut searched = 0;
        loop {
            if let Some(end) = self.input.iter().skip(searched).position(|&byte| byte == b'\n') {
                let rest = self.input.split_off(searched + end + 1);
                let line = std::mem::replace(&mut self.input, rest);
                return Ok(if too_long || line.len() > LINE { Line::TooLong } else { strict(line) });
            }
            searched = self.input.len();
            if searched > LINE {
                too_long = true;
                self.input.clear();
                searched = 0;
            }
            if self.fill().await? == 0 {
                return Ok(Line::Closed);
            }
        }
    }

    /// The mail behind DATA, of at most `size` octets, whose memory is out of a share. Each piece must come in time, and the whole in
    /// twice that, so that dripping octets win little.
    pub(super) async fn body(&mut self, size: usize, share: &mut Share) -> io::Result<End> {
        let whole = self.patience.saturating_mul(2);
        tokio::time::timeout(whole, self.next_body(size, share)).await.map_err(|_| slow())?
    }

    async fn next_body(&mut self, size: usize, share: &mut Share) -> io::Result<End> {
        let mut body = Body::new(size, share);
        loop {
            let input = std::mem::take(&mut self.input);
            if let Some((end, rest)) = body.take(&input) {
                self.input = input[rest..].to_vec();
                return Ok(end);
            }
            let patience = self.patience;
            let read = tokio::time::timeout(patience, self.fill()).await.map_err(|_| slow())??;
            if read == 0 || body.is_hopeless() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        let before = self.input.len();
        self.input.resize(before + CHUNK, 0);
        // When this is cancelled the buffer must not keep octets that nobody sent.
        let mut chunk = Shrink { buffer: &mut self.input, kept: before };
        let read = self.stream.read(&mut chunk.buffer[before..]).await?;
        chunk.kept += read;
        Ok(read)
    }
}

/// Cuts the buffer to what was read, even if reading is given up half-way.
struct Shrink<'a> {
    buffer: &'a mut Vec<u8>,
    kept: usize,
}

impl Drop for Shrink<'_> {
    fn drop(&mut self) {
        self.buffer.truncate(self.kept);
    }
}

/// A line must end with CR LF and have no CR within, RFC 5321 §2.3.8.
fn strict(line: Vec<u8>) -> Line {
    match line.strip_suffix(b"\r\n") {
        Some(text) if !text.contains(&b'\r') => Line::Command(line),
        _ => Line::Bare,
    }
}

fn slow() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
