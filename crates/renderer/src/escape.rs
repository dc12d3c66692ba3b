//! The three ways in which a value becomes harmless, each for one place.

/// For HTML text and quoted attributes. A character that cannot be shown becomes a space, so a value is always one
/// line.
pub(crate) fn html(value: &str, out: &mut String) {
    if is_harmless(value) {
        out.push_str(value);
        return;
    }
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c => out.push(visible(c)),
        }
    }
}

/// For a part of an address: everything but unreserved characters is percent-encoded (RFC 3986 §2.3).
pub(crate) fn url_part(value: &str, out: &mut String) {
    for byte in value.trim().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 0xf] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}

/// For plain text and subjects: no line breaks and nothing that hides or turns the text around it.
pub(crate) fn line(value: &str, out: &mut String) {
    if is_harmless(value) {
        out.push_str(value);
        return;
    }
    out.extend(value.chars().map(visible));
}

/// Control characters and the marks that turn the direction of the text that follows (UAX #9) become spaces: a name
/// must not be able to rewrite the sentence around it.
fn visible(c: char) -> char {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') { ' ' } else { c }
}

/// Whether a value is the same in every place: printable ASCII without what HTML gives a meaning to. Most are.
pub(crate) fn is_harmless(value: &str) -> bool {
    let is_harmless =
        |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'' | b'`');
    // It looks at all bytes, whatever it finds: such a loop goes over many at a time.
    value.bytes().fold(true, |so_far, byte| so_far & is_harmless(byte))
}

/// One value as HTML, for the constants of a template.
pub(crate) fn to_html(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    html(value, &mut out);
    out
}
