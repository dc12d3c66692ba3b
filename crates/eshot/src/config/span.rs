use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A length of time as people write it: `500ms`, `10s`, `5m`, `24h`, `7d`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// Why a text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSpan {
    /// It does not read as one.
    #[error("{0:?} is no length of time; one looks like \"500ms\", \"10s\", \"5m\", \"24h\" or \"7d\"")]
    Syntax(String),
    /// It is so long that it must be a slip, and would lead out of the calendar.
    #[error("{0:?} is too long; the longest is \"3650d\"")]
    TooLong(String),
}

impl Span {
    /// Ten years.
    const LONGEST: Duration = Duration::from_secs(3650 * 24 * 60 * 60);
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match humantime::parse_duration(text) {
            Ok(span) if span <= Self::LONGEST => Ok(Self(span)),
            Ok(_) => Err(InvalidSpan::TooLong(text.to_owned())),
            Err(_) => Err(InvalidSpan::Syntax(text.to_owned())),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanoseconds) = (self.0.as_secs(), self.0.subsec_nanos());
        // The largest unit that says it exactly: 90d, which humantime would give in months, weeks and hours of an average year.
        match [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m"), (1, "s")]
            .into_iter()
            .find(|(unit, _)| seconds > 0 && nanoseconds == 0 && seconds % unit == 0)
        {
            Some((unit, name)) => write!(f, "{}{name}", seconds / unit),
            None => humantime::format_duration(self.0).fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_shown_as_it_is_written() {
        for text in ["90d", "36h", "90m", "1h", "61s", "500ms", "0s"] {
            assert_eq!(text.parse::<Span>().map(|span| span.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_span_that_leads_out_of_the_calendar_is_a_slip() {
        assert!("3650d".parse::<Span>().is_ok());
        for text in ["3651d", "300000000y"] {
            assert_eq!(text.parse::<Span>(), Err(InvalidSpan::TooLong(text.to_owned())));
        }
    }
}
