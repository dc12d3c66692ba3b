use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// An enhanced status code, RFC 3463 §2: class, subject, detail.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, DeriveValueType)]
#[serde(try_from = "String", into = "String")]
#[sea_orm(value_type = "String")]
pub struct EnhancedStatus {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// What it is about: 1 addressing, 2 mailbox, 3 mail system, 4 routing, 5 protocol, 6 content, 7 security or policy.
    pub subject: u16,
    /// The detail.
    pub detail: u16,
}

/// What a mail server answered: the code and the text of all lines, joined by a space each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmtpReply {
    /// The reply code, RFC 5321 §4.2: 200 to 599.
    pub code: u16,
    /// The enhanced status, where the text begins with one.
    pub status: Option<EnhancedStatus>,
    /// The text without code and enhanced status.
    pub text: String,
}

/// Why a text is no reply or status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReply {
    /// It does not begin with a reply code.
    #[error("a reply begins with a code from 200 to 599")]
    Code,
    /// It is no enhanced status.
    #[error("an enhanced status looks like 5.1.1")]
    Status,
}

impl SmtpReply {
    /// A reply of `code` with the lines of its text; an enhanced status at their beginning is taken out.
    pub fn new(code: u16, text: &str) -> Self {
        let text = text.trim();
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match first.parse() {
            Ok(status) => Self { code, status: Some(status), text: rest.trim_start().to_owned() },
            Err(_) => Self { code, status: None, text: text.to_owned() },
        }
    }

    /// 2yz: done.
    pub const fn is_positive(&self) -> bool {
        self.code >= 200 && self.code < 400
    }

    /// 4yz: not now.
    pub const fn is_transient(&self) -> bool {
        self.code >= 400 && self.code < 500
    }

    /// 5yz: never.
    pub const fn is_permanent(&self) -> bool {
        self.code >= 500 && self.code < 600
    }
}

impl fmt::Display for SmtpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

impl FromStr for SmtpReply {
    type Err = InvalidReply;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_start();
        let code: u16 = text.get(..3).and_then(|code| code.parse().ok()).ok_or(InvalidReply::Code)?;
        let rest = text.get(3..).unwrap_or_default();
        if !(200..600).contains(&code) || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(InvalidReply::Code);
        }
        Ok(Self::new(code, rest.trim_start_matches(['-', ' '])))
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl FromStr for EnhancedStatus {
    type Err = InvalidReply;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '.');
        let mut number = || {
            // RFC 3463 §2: one to three digits each.
            parts.next().filter(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
        };
        let (class, subject, detail) = (number(), number(), number());
        let (Some(class @ ("2" | "4" | "5")), Some(subject), Some(detail)) = (class, subject, detail) else {
            return Err(InvalidReply::Status);
        };
        let parse = |text: &str| text.parse::<u16>().map_err(|_| InvalidReply::Status);
        Ok(Self { class: class.as_bytes()[0] - b'0', subject: parse(subject)?, detail: parse(detail)? })
    }
}

impl TryFrom<String> for EnhancedStatus {
    type Error = InvalidReply;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EnhancedStatus> for String {
    fn from(status: EnhancedStatus) -> Self {
        status.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reply_gives_up_its_enhanced_status() {
        let reply: SmtpReply = "550 5.1.1 <x@example.com>: Recipient address rejected".parse().unwrap();
        assert_eq!((reply.code, reply.status.unwrap().to_string().as_str()), (550, "5.1.1"));
        assert_eq!(reply.text, "<x@example.com>: Recipient address rejected");
        assert!(reply.is_permanent());
    }

    #[test]
    fn an_address_or_a_version_is_no_status() {
        for text in ["127.0.0.1", "1.2.3", "5.1", "5.1.1111", "5.1.x", ""] {
            assert_eq!(text.parse::<EnhancedStatus>(), Err(InvalidReply::Status), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,60}") {
            let _ = text.parse::<SmtpReply>();
            let _ = text.parse::<EnhancedStatus>();
        }

        #[test]
        fn a_status_survives_text(class in prop::sample::select(vec![2u8, 4, 5]), subject in 0u16..1000, detail in 0u16..1000) {
            let status = EnhancedStatus { class, subject, detail };
            prop_assert_eq!(status.to_string().parse(), Ok(status));
        }
    }
}
