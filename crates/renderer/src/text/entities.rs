/// The character references that people write in mails; any other stays as it is written.
const NAMED: [(&str, &str); 27] = [
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", "\u{a0}"),
    ("shy", ""),
    ("zwnj", ""),
    ("ensp", " "),
    ("emsp", " "),
    ("thinsp", " "),
    ("copy", "©"),
    ("reg", "®"),
    ("trade", "™"),
    ("euro", "€"),
    ("pound", "£"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("hellip", "…"),
    ("middot", "·"),
    ("bull", "•"),
    ("rarr", "→"),
    ("larr", "←"),
    ("times", "×"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("rsquo", "’"),
];

/// The text with its character references resolved.
pub(crate) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';').filter(|(name, _)| name.len() <= 8) {
            Some((name, left)) if write(name, &mut out) => rest = left,
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn write(name: &str, out: &mut String) -> bool {
    let number = match name.strip_prefix('#') {
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok(),
        Some(decimal) => decimal.parse().ok(),
        None => {
            let known = NAMED.iter().find(|(known, _)| *known == name);
            out.push_str(known.map_or("", |(_, text)| text));
            return known.is_some();
        }
    };
    match number.and_then(char::from_u32).filter(|c| !c.is_control()) {
        Some(c) => {
            out.push(c);
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn references_become_characters() {
        for (written, meant) in [
            ("a &amp; b", "a & b"),
            ("&lt;&#39;&#x20AC;&quot;", "<'€\""),
            ("AT&T; &unknown; &#0; & ;", "AT&T; &unknown; &#0; & ;"),
            ("&amp;lt;", "&lt;"),
        ] {
            assert_eq!(decode(written), meant);
        }
    }
}
