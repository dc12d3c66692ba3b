//! The encodings, each taken off wherever it is found. None: there is nothing of it in the bytes.

pub(super) type Decode = fn(&[u8]) -> Option<Vec<u8>>;

pub(super) const ALL: [(&str, Decode); 6] = [
    ("unfolded", unfolded),
    ("quoted-printable", quoted_printable),
    ("percent-encoding", percent_encoding),
    ("JSON", json),
    ("hexadecimal", hexadecimal),
    ("base64", base64),
];

/// Shorter runs of letters hide nothing that anybody looks for.
const SHORTEST_RUN: usize = 10;

/// A header's lines put together (RFC 5322 §2.2.3).
fn unfolded(bytes: &[u8]) -> Option<Vec<u8>> {
    replaced(bytes, |rest| {
        let end = if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) };
        (end > 0 && matches!(rest.get(end), Some(b' ' | b'\t'))).then(|| (end + 1, Vec::new()))
    })
}

/// RFC 2045 §6.7, with its soft line breaks.
fn quoted_printable(bytes: &[u8]) -> Option<Vec<u8>> {
    replaced(bytes, |rest| match rest {
        [b'=', b'\r', b'\n', ..] => Some((3, Vec::new())),
        [b'=', b'\n', ..] => Some((2, Vec::new())),
        [b'=', a, b, ..] => Some((3, vec![octet(*a, *b)?])),
        _ => None,
    })
}

fn percent_encoding(bytes: &[u8]) -> Option<Vec<u8>> {
    replaced(bytes, |rest| match rest {
        [b'%', a, b, ..] => Some((3, vec![octet(*a, *b)?])),
        _ => None,
    })
}

/// The escapes of RFC 8259 §7. A dump of PostgreSQL doubles the backslashes: those fall first, the rest in the next round.
fn json(bytes: &[u8]) -> Option<Vec<u8>> {
    replaced(bytes, |rest| match rest {
        [b'\\', b'u', a, b, c, d, ..] => {
            let code = u32::from(octet(*a, *b)?) << 8 | u32::from(octet(*c, *d)?);
            Some((6, char::from_u32(code).map(String::from).unwrap_or_default().into_bytes()))
        }
        [b'\\', b'n', ..] => Some((2, b"\n".to_vec())),
        [b'\\', b'r', ..] => Some((2, b"\r".to_vec())),
        [b'\\', b't', ..] => Some((2, b"\t".to_vec())),
        [b'\\', same @ (b'\\' | b'/' | b'"'), ..] => Some((2, vec![*same])),
        _ => None,
    })
}

/// Every run of digits behind `\x` (PostgreSQL) or `X'` (SQLite).
fn hexadecimal(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at + 2 <= bytes.len() {
        if !matches!(&bytes[at..at + 2], b"\\x" | b"X'") {
            at += 1;
            continue;
        }
        at += 2;
        while let [a, b, ..] = &bytes[at..]
            && let Some(octet) = octet(*a, *b)
        {
            decoded.push(octet);
            at += 2;
        }
        decoded.push(b'\n');
    }
    (!decoded.is_empty()).then_some(decoded)
}

/// Every run of its letters, those of RFC 4648 §4 and §5, across line ends. Where a run begins nobody knows, so that each is read
/// from each of its first four letters on: that is every alignment.
fn base64(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut decoded, mut run) = (Vec::new(), Vec::new());
    for byte in bytes.iter().chain(b"\0") {
        match sextet(*byte) {
            Some(sextet) => run.push(sextet),
            None if matches!(byte, b'\r' | b'\n') => {}
            None => {
                if run.len() >= SHORTEST_RUN {
                    (0..4).for_each(|from| read(&run[from..], &mut decoded));
                }
                run.clear();
            }
        }
    }
    (!decoded.is_empty()).then_some(decoded)
}

fn read(sextets: &[u8], decoded: &mut Vec<u8>) {
    for group in sextets.chunks(4) {
        let bits = (0..4).fold(0_u32, |bits, at| bits << 6 | u32::from(group.get(at).copied().unwrap_or(0)));
        decoded.extend(&bits.to_be_bytes()[1..]);
    }
    decoded.push(b'\n');
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn octet(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// The bytes, with something else in each place where `instead` says how many bytes go and what comes.
fn replaced(bytes: &[u8], instead: impl Fn(&[u8]) -> Option<(usize, Vec<u8>)>) -> Option<Vec<u8>> {
    let (mut kept, mut at, mut any) = (Vec::with_capacity(bytes.len()), 0, false);
    while at < bytes.len() {
        if let Some((length, new)) = instead(&bytes[at..]) {
            kept.extend(new);
            at += length;
            any = true;
        } else {
            kept.push(bytes[at]);
            at += 1;
        }
    }
    any.then_some(kept)
}
