/// 7-bit, and every line ends in CRLF: what every server passes on unchanged, and no two servers read differently.
///
/// It looks at all bytes, whatever it finds: a loop without a way out goes over many at a time.
pub(super) fn is_fit(raw: &[u8]) -> bool {
    let ends = raw.first() != Some(&b'\n') && raw.last() != Some(&b'\r');
    let pairs = raw.iter().zip(raw.get(1..).unwrap_or_default());
    let lone = pairs.fold(0, |lone, (byte, next)| lone | (u8::from(*byte == b'\r') ^ u8::from(*next == b'\n'))) > 0;
    let strange = raw.iter().fold(0, |strange, byte| strange | u8::from(*byte == 0) | (*byte & 0x80)) > 0;
    ends && !lone && !strange
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_could_read_differently_is_not_fit_for_the_wire() {
        for raw in [&b"a: b\r\n\r\nc\r\n"[..], b"", b"a"] {
            assert!(is_fit(raw), "{raw:?}");
        }
        for raw in [
            &b"a\nb\r\n"[..],
            b"\n",
            b"\r",
            b"\na\r\n",
            b"a\rb\r\n",
            b"a\r",
            b"a\r\r\n",
            b"a\r\n\n",
            b"a\0\r\n",
            b"\0",
            "\u{e4}\r\n".as_bytes(),
        ] {
            assert!(!is_fit(raw), "{raw:?}");
            // Wherever in a long text it stands.
            let long = [&b"x".repeat(300)[..], raw, &b"x".repeat(300)].concat();
            assert!(!is_fit(&long), "{raw:?} in the middle");
        }
    }
}
