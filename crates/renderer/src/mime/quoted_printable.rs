//! Quoted-printable (RFC 2045 §6.7), in pieces that are encoded at different times.

/// The most columns before a soft break, which takes one more of the 76 that a line may have.
const COLUMNS: usize = 75;
const SOFT_BREAK: &[u8] = b"=\r\n";
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A text that was encoded once, to be copied into many messages. It begins at the beginning of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    bytes: Box<[u8]>,
    /// The column that its last line ends at.
    column: usize,
    /// How many bytes the text has before it is encoded.
    plain: usize,
}

impl Encoded {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = Vec::with_capacity(text.len() + text.len() / 8);
        let column = encode(text, 0, &mut bytes);
        Self { bytes: bytes.into(), column, plain: text.len() }
    }

    /// How many bytes the text has before it is encoded.
    pub(crate) fn plain(&self) -> usize {
        self.plain
    }

    /// Writes it behind what ends at `column`, and gives the column that it ends at.
    pub(crate) fn append(&self, column: usize, out: &mut Vec<u8>) -> usize {
        if column > 0 && !self.bytes.is_empty() {
            out.extend_from_slice(SOFT_BREAK);
        }
        out.extend_from_slice(&self.bytes);
        if self.bytes.is_empty() { column } else { self.column }
    }
}

/// Encodes a text behind what ends at `column`, and gives the column that it ends at. `\n` ends a line.
///
/// A blank at the end of the text is encoded, since nobody knows yet what follows: relays drop blanks at the end of a line
/// (RFC 2045 §6.7, rule 3).
pub(crate) fn encode(text: &str, mut column: usize, out: &mut Vec<u8>) -> usize {
    let mut rest = text.as_bytes();
    while let Some(&first) = rest.first() {
        let run = plain_run(rest);
        if run == 0 {
            if first == b'\n' {
                out.extend_from_slice(b"\r\n");
                column = 0;
            } else {
                column = escape(first, column, out);
            }
            rest = &rest[1..];
            continue;
        }
        let (plain, after) = rest.split_at(run);
        let ends_line = matches!(after.first(), None | Some(b'\n'));
        let blank = plain[run - 1] == b' ' && ends_line;
        column = copy(&plain[..run - usize::from(blank)], column, out);
        if blank {
            column = escape(b' ', column, out);
        }
        rest = after;
    }
    column
}

/// How many bytes at the beginning stand for themselves wherever they do not end a line: printable ASCII but `=`, and
/// blanks. Tabs could, but hardly ever stand in a mail.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Eight bytes at a time: a bit is set in the highest place of the first byte that is not plain, and perhaps of later ones.
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let equals = word ^ (ONES * u64::from(b'='));
        let small = word.wrapping_sub(ONES * u64::from(b' ')) & !word;
        let delete = word.wrapping_add(ONES);
        let found = (word | delete | small | (equals.wrapping_sub(ONES) & !equals)) & HIGH;
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'=';
    bytes.len() - rest.len() + rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len())
}

fn copy(mut plain: &[u8], mut column: usize, out: &mut Vec<u8>) -> usize {
    loop {
        // A line that begins with a dot would have to get a second one on its way (RFC 5321 §4.5.2).
        if let (0, Some((b'.', rest))) = (column, plain.split_first()) {
            (plain, column) = (rest, escape(b'.', 0, out));
        }
        if column + plain.len() <= COLUMNS {
            break;
        }
        let (line, rest) = plain.split_at(COLUMNS - column);
        out.extend_from_slice(line);
        out.extend_from_slice(SOFT_BREAK);
        (plain, column) = (rest, 0);
    }
    out.extend_from_slice(plain);
    column + plain.len()
}

fn escape(byte: u8, mut column: usize, out: &mut Vec<u8>) -> usize {
    if column + 3 > COLUMNS {
        out.extend_from_slice(SOFT_BREAK);
        column = 0;
    }
    out.extend_from_slice(&[b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]]);
    column + 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        encode(text, 0, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_does_not_stand_for_itself_is_escaped() {
        for (text, expected) in [
            ("a = b\n", "a =3D b\r\n"),
            ("Grüße\n", "Gr=C3=BC=C3=9Fe\r\n"),
            ("blank \nend ", "blank=20\r\nend=20"),
            ("two  \n", "two =20\r\n"),
            ("\ttab\t\n", "=09tab=09\r\n"),
            (".\n..\n a.", "=2E\r\n=2E.\r\n a."),
            ("\r\u{0}\u{7f}", "=0D=00=7F"),
            ("", ""),
        ] {
            assert_eq!(encoded(text), expected, "{text:?}");
        }
    }

    #[test]
    fn every_byte_is_found_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            let is_plain = (b' '..=b'~').contains(&byte) && byte != b'=';
            for at in 0..20 {
                let mut bytes = [b'~'; 20];
                bytes[at] = byte;
                assert_eq!(plain_run(&bytes), if is_plain { 20 } else { at }, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn no_line_has_more_than_76_columns() {
        for filling in ["x", "ü", "=", " ", "x=", "日本"] {
            for start in 0..4 {
                let text = format!("{}{}", "y".repeat(70 + start * 3), filling.repeat(300));
                assert!(encoded(&text).split("\r\n").all(|line| line.len() <= 76), "{text}");
            }
        }
    }

    #[test]
    fn a_piece_begins_on_a_line_of_its_own() {
        let piece = Encoded::new("one\ntwo");
        assert_eq!(piece.plain(), 7);
        let mut out = Vec::new();
        let column = piece.append(0, &mut out);
        let column = encode("<x>", column, &mut out);
        let column = piece.append(column, &mut out);
        let column = Encoded::new("").append(column, &mut out);
        assert_eq!((String::from_utf8(out).unwrap().as_str(), column), ("one\r\ntwo<x>=\r\none\r\ntwo", 3));
    }
}
