use memchr::memmem;

use super::Unfit;

/// What ends a message: the end of its last line, and the final dot.
pub(super) const END: &str = "\r\n.\r\n";

/// A message as it follows DATA, to its [`END`]: a line that begins with a dot gets another one before it (RFC 5321 §4.5.2).
///
/// lettre's own `message` does this byte by byte, which takes longer than composing the whole message. Lines end in CRLF, so it
/// is enough to look for these three bytes.
pub(super) fn transparent(raw: &[u8]) -> Result<String, Unfit> {
    if !raw.is_ascii() {
        return Err(Unfit::EightBit);
    }
    let text = str::from_utf8(raw).map_err(|_| Unfit::EightBit)?;
    let text = text.strip_suffix("\r\n").unwrap_or(text);
    let first = text.starts_with('.').then_some(0);
    let dots = first.into_iter().chain(memmem::find_iter(text.as_bytes(), "\r\n.").map(|line_end| line_end + 2));
    let mut sent = String::with_capacity(text.len() + 64);
    let mut from = 0;
    for dot in dots {
        sent.push_str(&text[from..dot]);
        sent.push('.');
        from = dot;
    }
    sent.push_str(&text[from..]);
    sent.push_str(END);
    Ok(sent)
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
            let sent = transparent(raw.as_bytes()).unwrap();
            let body = sent.strip_suffix(END).unwrap();
            prop_assert_eq!(received(body), raw.strip_suffix("\r\n").unwrap_or(&raw));
            prop_assert!(!body.split("\r\n").any(|line| line == "."));
        }
    }

    #[test]
    fn what_is_not_ascii_is_not_sent() {
        assert_eq!(transparent("\u{e4}\r\n".as_bytes()), Err(Unfit::EightBit));
    }
}
