use memchr::memmem;

/// What ends a message: the end of its last line, and the final dot.
pub(super) const END: &[u8] = b"\r\n.\r\n";

/// A message as it follows DATA, to its [`END`]: a line that begins with a dot gets another one before it (RFC 5321 §4.5.2).
///
/// lettre's own `message` does this byte by byte, which takes longer than composing the whole message. Lines end in CRLF, so it
/// is enough to look for these three bytes, and where they are nowhere, as in most messages, nothing is copied.
pub(super) fn transparent(mut raw: Vec<u8>) -> Vec<u8> {
    if raw.ends_with(b"\r\n") {
        raw.truncate(raw.len() - 2);
    }
    let dots = dots(&raw);
    if dots.is_empty() {
        raw.extend_from_slice(END);
        return raw;
    }
    let mut sent = Vec::with_capacity(raw.len() + dots.len() + END.len());
    let mut from = 0;
    for dot in dots {
        sent.extend_from_slice(&raw[from..dot]);
        sent.push(b'.');
        from = dot;
    }
    sent.extend_from_slice(&raw[from..]);
    sent.extend_from_slice(END);
    sent
}

/// Where lines begin with a dot.
fn dots(raw: &[u8]) -> Vec<usize> {
    let first = raw.starts_with(b".").then_some(0);
    first.into_iter().chain(memmem::find_iter(raw, b"\r\n.").map(|line_end| line_end + 2)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a server makes of what it is sent (RFC 5321 §4.5.2).
    fn received(sent: &str) -> String {
        let lines = sent.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\r\n")
    }

    proptest! {
        #[test]
        fn a_server_gets_every_line_as_it_was_and_no_early_end(lines in proptest::collection::vec("[.a]{0,3}", 0..9)) {
            let raw = lines.join("\r\n");
            let sent = String::from_utf8(transparent(raw.clone().into_bytes())).unwrap();
            let body = sent.strip_suffix("\r\n.\r\n").unwrap();
            prop_assert_eq!(received(body), raw.strip_suffix("\r\n").unwrap_or(&raw));
            prop_assert!(!body.split("\r\n").any(|line| line == "."));
        }
    }
}
