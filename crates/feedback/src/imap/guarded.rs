use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A line at most, outside of what is sent with its length. Servers with many capabilities say some thousand letters.
const LINE: usize = 64 * 1_024;

/// Parentheses within parentheses at most. What is asked for has three; async-imap goes down into each, until no stack is left.
const DEPTH: u32 = 8;

/// What is read at once.
const PIECE: usize = 16 * 1_024;

/// A connection whose other side may say so much and no more, so that no server can fill our memory.
///
/// async-imap takes a line until it ends, makes room for a literal (RFC 9051 §4.3) of any length as soon as it is announced, and goes
/// down into lists as deep as they are. Here all that is measured before async-imap sees it.
pub(super) struct Guarded<S> {
    stream: S,
    /// How many octets it may still say.
    left: usize,
    at: At,
    /// How many parentheses of this answer are open.
    depth: u32,
}

/// How a server said too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// More than was asked for.
    #[error("it says more than it was asked for")]
    Octets,
    /// A line without end.
    #[error("it says a line of more than {LINE} octets")]
    Line,
    /// A literal that is larger than what was asked for.
    #[error("it announces {0} octets, which is more than it was asked for")]
    Literal(u64),
    /// Lists within lists within lists.
    #[error("it opens more than {DEPTH} parentheses")]
    Depth,
}

/// Where in an answer the last octet was.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum At {
    /// In a line, after so many octets.
    Line { length: usize, end: End },
    /// Within a literal of which so many octets are still to come.
    Literal(u64),
}

/// How the line has ended so far: it announces a literal if it ends with `{123}`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum End {
    Other,
    Digits(u64),
    Closed(u64),
    ClosedCr(u64),
}

const START: At = At::Line { length: 0, end: End::Other };

impl<S> Guarded<S> {
    /// Lets the other side say so many octets.
    pub(super) const fn new(stream: S, left: usize) -> Self {
        Self { stream, left, at: START, depth: 0 }
    }

    /// Lets it say so many octets from here on, whatever it was allowed before.
    pub(super) const fn allow(&mut self, octets: usize) {
        self.left = octets;
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    fn measure(&mut self, octets: &[u8]) -> Result<(), Excess> {
        self.left = self.left.checked_sub(octets.len()).ok_or(Excess::Octets)?;
        let mut rest = octets;
        while let [octet, behind @ ..] = rest {
            self.at = match self.at {
                At::Literal(0) => START,
                At::Literal(length) => {
                    let here = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
                    rest = rest.get(here..).unwrap_or_default();
                    self.at = At::Literal(length.saturating_sub(here as u64));
                    continue;
                }
                At::Line { length: LINE.., .. } => return Err(Excess::Line),
                At::Line { length, end } => {
                    rest = behind;
                    self.after(length, end, *octet, behind.len())?
                }
            };
        }
        Ok(())
    }

    fn after(&mut self, length: usize, end: End, octet: u8, behind: usize) -> Result<At, Excess> {
        self.depth = match octet {
            b'(' if self.depth == DEPTH => return Err(Excess::Depth),
            b'(' => self.depth + 1,
            b')' => self.depth.saturating_sub(1),
            _ => self.depth,
        };
        let end = match (end, octet) {
            (End::ClosedCr(octets), b'\n') => {
                // What is here already was taken off.
                let left = (self.left + behind) as u64;
                return if octets <= left { Ok(At::Literal(octets)) } else { Err(Excess::Literal(octets)) };
            }
            (_, b'\n') => {
                self.depth = 0;
                return Ok(START);
            }
            (_, b'{') => End::Digits(0),
            (End::Digits(number), b'0'..=b'9') => {
                End::Digits(number.saturating_mul(10).saturating_add(u64::from(octet - b'0')))
            }
            // A literal that nobody waits for, RFC 7888, is only a client's; a server that says so means the same.
            (End::Digits(number), b'+') => End::Digits(number),
            (End::Digits(number), b'}') => End::Closed(number),
            (End::Closed(number), b'\r') => End::ClosedCr(number),
            _ => End::Other,
        };
        Ok(At::Line { length: length + 1, end })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let room = into.remaining().min(PIECE);
        let mut piece = ReadBuf::new(into.initialize_unfilled_to(room));
        ready!(Pin::new(&mut this.stream).poll_read(context, &mut piece))?;
        let read = piece.filled().len();
        this.measure(piece.filled()).map_err(io::Error::other)?;
        into.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// Nothing of what is said.
impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is said to these octets, however they are cut.
    fn measured(octets: &[u8], allowed: usize, cut: usize) -> Result<(), Excess> {
        let mut guarded = Guarded::new((), allowed);
        octets.chunks(cut).try_for_each(|piece| guarded.measure(piece))
    }

    #[test]
    fn a_literal_is_refused_before_it_comes() {
        for cut in [1, 7, 1_000] {
            let said = b"* 1 FETCH (BODY[] {1000}\r\nDear Ada";
            assert_eq!(measured(said, 500, cut), Err(Excess::Literal(1_000)), "{cut}");
            assert_eq!(measured(said, 1_100, cut), Ok(()), "{cut}");
            let endless = b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n";
            assert_eq!(measured(endless, 1_000_000, cut), Err(Excess::Literal(u64::MAX)), "{cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_and_a_literal_is_no_line() {
        let line = [b"* OK ".as_slice(), &vec![b'x'; LINE]].concat();
        assert_eq!(measured(&line, 10 * LINE, 4_096), Err(Excess::Line));
        let literal = [format!("* 1 FETCH ({{{}}}\r\n", 2 * LINE).as_bytes(), &vec![b'x'; 2 * LINE], b")\r\n"].concat();
        assert_eq!(measured(&literal, 10 * LINE, 4_096), Ok(()));
    }

    #[test]
    fn lists_in_lists_are_refused_before_they_fill_the_stack() {
        let nested = [b"* 1 FETCH (BODYSTRUCTURE ".as_slice(), &[b'('; 1_000]].concat();
        assert_eq!(measured(&nested, 10_000, 64), Err(Excess::Depth));
        let around = format!("* 1 FETCH ({}", "(\"a\" {1}\r\nx ".repeat(20));
        assert_eq!(measured(around.as_bytes(), 10_000, 64), Err(Excess::Depth));
        let many = "* LIST (\\HasNoChildren) \"/\" Processed\r\n".repeat(100);
        assert_eq!(measured(many.as_bytes(), 10_000, 64), Ok(()));
    }

    #[test]
    fn what_stands_within_a_literal_announces_nothing() {
        let said = b"* 1 FETCH (BODY[] {9}\r\na {500}\r\n)\r\n";
        assert_eq!(measured(said, 100, 3), Ok(()));
        assert_eq!(measured(b"* 1 FETCH (BODY[] {0}\r\n BODY[2] {500}\r\n", 100, 3), Err(Excess::Literal(500)));
    }

    proptest! {
        #[test]
        fn nothing_passes_that_was_not_allowed(said in prop::collection::vec(any::<u8>(), 0..300), allowed in 0_usize..300, cut in 1_usize..40) {
            let passed = measured(&said, allowed, cut).is_ok();
            prop_assert!(!passed || said.len() <= allowed);
        }

        #[test]
        fn how_it_is_cut_makes_no_difference(said in "[ab{}0-9\r\n]{0,80}", cut in 1_usize..10) {
            let at_once = measured(said.as_bytes(), 60, 1_000).is_ok();
            prop_assert_eq!(measured(said.as_bytes(), 60, cut).is_ok(), at_once);
        }
    }
}
