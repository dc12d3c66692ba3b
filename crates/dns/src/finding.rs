use std::fmt;

use domain::DnsRecord;

/// One thing that was looked at, how it stands, and what to publish if it does not stand well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// How it stands.
    pub standing: Standing,
    /// The name that was asked for.
    pub name: String,
    /// What was found, in a sentence.
    pub words: String,
    /// The record that would make it right, where one would.
    pub publish: Option<DnsRecord>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// Who may send with the bounce domain as envelope sender (RFC 7208).
    Spf,
    /// The key that a signature is verified with (RFC 6376).
    Dkim,
    /// What receivers do with mail that fails both (RFC 9989).
    Dmarc,
    /// Where returned mail goes.
    BounceMx,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// As it should be.
    Good,
    /// It works, but not as well as it could.
    Warning,
    /// Mail will be refused or lost.
    Wrong,
    /// The DNS did not answer.
    Unknown,
}

impl Finding {
    pub(crate) fn new(subject: Subject, standing: Standing, name: &str, words: impl Into<String>) -> Self {
        Self { subject, standing, name: name.to_owned(), words: words.into(), publish: None }
    }

    pub(crate) fn publish(self, record: DnsRecord) -> Self {
        Self { publish: Some(record), ..self }
    }

    /// Whether mail can be sent as things stand here.
    pub fn holds(&self) -> bool {
        matches!(self.standing, Standing::Good | Standing::Warning)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}): {}", self.subject, self.standing, self.name, self.words)?;
        match &self.publish {
            Some(record) => write!(f, "; publish {record}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spf => "SPF",
            Self::Dkim => "DKIM",
            Self::Dmarc => "DMARC",
            Self::BounceMx => "MX of the bounce domain",
        })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "good",
            Self::Warning => "could be better",
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
        })
    }
}
