use std::fmt;

use database::private::Stars;

/// A request as it was posted: what a proof may be over.
#[derive(Copy, Clone)]
pub struct Posted<'a> {
    /// The headers, in any case, as far as they are text.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, byte for byte.
    pub body: &'a [u8],
}

impl Posted<'_> {
    /// The value of a header; nothing where it is there twice, because nobody knows which is meant.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value.trim()),
            _ => None,
        }
    }
}

/// Masked: headers hold passwords, bodies people.
impl fmt::Debug for Posted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Posted").field("headers", &Stars).field("body", &self.body.len()).finish()
    }
}
