use std::fmt;
use std::str::FromStr;

use super::InvalidMailbox;

/// A folder that mail is put into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(String);

/// Letters that would be patterns, or need quoting or an encoding of their own (RFC 9051 §5.1).
const SPECIAL: [char; 5] = ['"', '\\', '%', '*', '&'];

impl Folder {
    /// The name as a command has it.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl FromStr for Folder {
    type Err = InvalidMailbox;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |char: char| matches!(char, ' '..='~') && !SPECIAL.contains(&char);
        let fit = !text.trim().is_empty() && text.len() <= 200 && text.chars().all(fits);
        if !fit || text.eq_ignore_ascii_case("inbox") {
            return Err(InvalidMailbox::Folder(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_a_plain_name_and_is_not_where_mail_comes_in() {
        for name in ["Processed", "INBOX.Processed", "Returned mail/done"] {
            assert!(name.parse::<Folder>().is_ok(), "{name}");
        }
        for name in ["", " ", "Inbox", "a\"b", "a\r\nb", "a*", "Müll", "R&D", &"x".repeat(201)] {
            assert!(name.parse::<Folder>().is_err(), "{name}");
        }
    }
}
