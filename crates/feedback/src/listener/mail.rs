use super::budget::Share;

/// By so much its memory grows.
const STEP: usize = 16 << 10;

/// A mail behind DATA while it is read: dots are unstuffed, and line ends must be CR LF.
///
/// Only CR LF dot CR LF ends it. A server that also believes LF dot LF lets a sender smuggle a second mail in; a mail with
/// a bare CR or LF is therefore refused whole, and never mended (RFC 5321 §2.3.8).
#[derive(Debug)]
pub(super) struct Body<'a> {
    mail: Vec<u8>,
    share: &'a mut Share,
    size: usize,
    seen: usize,
    is_bare: bool,
    is_full: bool,
    is_out_of_room: bool,
    at: At,
}

/// How a mail ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Here it is.
    Mail(Vec<u8>),
    /// It is larger than allowed, and was not kept.
    TooLarge,
    /// Too much of other mails is under way to keep it as well.
    NoRoom,
    /// It has a bare CR or LF.
    Bare,
}

/// Where in a line the last octet was.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum At {
    LineStart,
    Within,
    Cr,
    Dot,
    DotCr,
}

impl<'a> Body<'a> {
    /// A mail of at most `size` octets, whose memory is out of a share.
    pub(super) fn new(size: usize, share: &'a mut Share) -> Self {
        let (is_bare, is_full, is_out_of_room) = (false, false, false);
        Self { mail: Vec::new(), share, size, seen: 0, is_bare, is_full, is_out_of_room, at: At::LineStart }
    }

    /// Whether so much too much came that waiting for the end is a waste.
    pub(super) fn is_hopeless(&self) -> bool {
        self.seen > self.size.saturating_mul(8)
    }

    /// Takes octets; at the end, how it ended and where the rest begins.
    pub(super) fn take(&mut self, octets: &[u8]) -> Option<(End, usize)> {
        for (index, &octet) in octets.iter().enumerate() {
            self.seen += 1;
            self.at = match (self.at, octet) {
                (At::DotCr, b'\n') => return Some((self.end(), index + 1)),
                (At::LineStart, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotCr,
                (At::Cr, b'\n') => {
                    self.push(b"\r\n");
                    At::LineStart
                }
                // The dot was stuffed, or an odd sender's own: it goes in any case, RFC 5321 §4.5.2.
                (at, octet) => {
                    if matches!(at, At::Cr | At::DotCr) {
                        self.is_bare = true;
                    }
                    match octet {
                        b'\r' => At::Cr,
                        b'\n' => {
                            self.is_bare = true;
                            At::Within
                        }
                        octet => {
                            self.push(&[octet]);
                            At::Within
                        }
                    }
                }
            };
        }
        None
    }

    fn push(&mut self, octets: &[u8]) {
        let length = self.mail.len() + octets.len();
        self.is_full |= length > self.size;
        if !self.is_refused() && length > self.mail.capacity() {
            self.is_out_of_room = !self.share.has_room_for(length.saturating_add(STEP));
            // A vector that grows by itself takes twice of what it has.
            self.mail.reserve_exact(if self.is_out_of_room { 0 } else { octets.len() + STEP });
        }
        if self.is_refused() {
            // What there is of it is of no use.
            self.mail = Vec::new();
            self.share.release();
        } else {
            self.mail.extend_from_slice(octets);
        }
    }

    /// Whether it is not taken any more, whatever else comes of it.
    fn is_refused(&self) -> bool {
        self.is_full || self.is_bare || self.is_out_of_room
    }

    fn end(&mut self) -> End {
        if self.is_bare {
            End::Bare
        } else if self.is_full {
            End::TooLarge
        } else if self.is_out_of_room {
            End::NoRoom
        } else {
            End::Mail(std::mem::take(&mut self.mail))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::budget::Budget;
    use super::*;

    fn read(octets: &[u8]) -> Option<(End, usize)> {
        Body::new(100, &mut Budget::new(1 << 20, 100).share()).take(octets)
    }

    fn mail(text: &str) -> End {
        End::Mail(text.as_bytes().to_vec())
    }

    #[test]
    fn dots_are_unstuffed_and_the_last_one_ends_it() {
        assert_eq!(read(b"a\r\n..b\r\n.\r\nQUIT\r\n"), Some((mail("a\r\n.b\r\n"), 11)));
        assert_eq!(read(b".\r\n"), Some((mail(""), 3)));
        assert_eq!(read(b".x\r\n.\r\n"), Some((mail("x\r\n"), 7)));
        assert_eq!(read(b"a\r\n."), None);
    }

    #[test]
    fn no_other_line_end_ends_a_mail_and_none_is_taken() {
        for odd in ["a\n.\nb", "a\r.\rb", "a\r\n.\nb", "a\n.\r\nb", "a\r\n.\rb", "a\r\r\nb", "\r", "a\nb"] {
            let text = format!("{odd}\r\n.\r\n");
            assert_eq!(read(text.as_bytes()), Some((End::Bare, text.len())), "{odd:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_read_to_its_end_and_not_kept() {
        let text = format!("{}\r\n.\r\n", "x".repeat(101));
        assert_eq!(read(text.as_bytes()), Some((End::TooLarge, text.len())));
        assert_eq!(
            read(format!("{}\r\n.\r\n", "x".repeat(98)).as_bytes()).unwrap().0,
            mail(&format!("{}\r\n", "x".repeat(98)))
        );
    }

    #[test]
    fn a_mail_that_there_is_no_room_for_is_read_to_its_end_and_holds_nothing() {
        let budget = Budget::new(1 << 20, 100);
        let mut others = budget.share();
        assert!(others.has_room_for(900 << 10));
        let text = format!("{}\r\n.\r\n", "x".repeat(200 << 10));
        let mut share = budget.share();
        assert_eq!(Body::new(1 << 20, &mut share).take(text.as_bytes()), Some((End::NoRoom, text.len())));
        assert!(others.has_room_for(1 << 20));
    }

    proptest! {
        #[test]
        fn a_mail_survives_the_way(lines in prop::collection::vec("[ -~]{0,10}", 0..8), cut in any::<prop::sample::Index>()) {
            let stuffed: String = lines.iter().map(|line| {
                let dot = if line.starts_with('.') { "." } else { "" };
                format!("{dot}{line}\r\n")
            }).collect();
            let sent = format!("{stuffed}.\r\n");
            let (first, second) = sent.as_bytes().split_at(cut.index(sent.len()));
            let mut share = Budget::new(1 << 20, 1_000).share();
            let mut body = Body::new(1_000, &mut share);
            let whole: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            prop_assert_eq!(body.take(first), None);
            prop_assert_eq!(body.take(second), Some((mail(&whole), second.len())));
        }
    }
}
