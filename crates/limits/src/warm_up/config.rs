use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use domain::MailboxProvider;
use serde::{Deserialize, Deserializer, de};

use super::WarmUp;

/// By what an amount grows from day to day: more than 1, and 2 at most. Providers ask for no sudden doubling
/// (https://support.google.com/a/answer/81126).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    hundredths: u32,
}

/// Why a number is no growth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no growth from day to day; one is a number from 1.01 to 2, as 1.4")]
pub struct InvalidGrowth(String);

impl Growth {
    /// The factor.
    pub fn factor(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }
}

impl Default for Growth {
    /// 1.4, as SendGrid's automatic warm-up has it.
    fn default() -> Self {
        Self { hundredths: 140 }
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.factor().fmt(f)
    }
}

impl FromStr for Growth {
    type Err = InvalidGrowth;

    fn from_str(text: &str) -> Result<Self, InvalidGrowth> {
        let invalid = || InvalidGrowth(text.to_owned());
        let factor: f64 = text.trim().parse().map_err(|_| invalid())?;
        if !(1.01..=2.0).contains(&factor) {
            return Err(invalid());
        }
        // Between 101 and 200.
        Ok(Self { hundredths: (factor * 100.0).round() as u32 })
    }
}

impl<'de> Deserialize<'de> for Growth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Number {
            Whole(i64),
            Float(f64),
            Text(String),
        }
        let text = match Number::deserialize(deserializer)? {
            Number::Whole(number) => number.to_string(),
            Number::Float(number) => number.to_string(),
            Number::Text(text) => text,
        };
        text.parse().map_err(de::Error::custom)
    }
}

/// Beyond so many messages a day to one provider nobody waits for a warm-up; 50 messages have become as many after a month.
const CEILING: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();

impl<'de> Deserialize<'de> for WarmUp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            start: Count,
            #[serde(default)]
            providers: BTreeMap<MailboxProvider, Count>,
            #[serde(default)]
            growth: Growth,
            ceiling: Option<Count>,
        }
        let Table { start: Count(start), providers, growth, ceiling } = Table::deserialize(deserializer)?;
        let ceiling = ceiling.map_or(CEILING, |Count(ceiling)| ceiling);
        let providers: BTreeMap<_, _> =
            providers.into_iter().map(|(provider, Count(count))| (provider, count)).collect();
        if providers.values().chain([&start]).any(|start| *start >= ceiling) {
            return Err(de::Error::custom("a warm-up that starts at its ceiling is over before it has begun"));
        }
        Ok(Self { start, providers, growth, ceiling })
    }
}

/// A number, or a text that is one, as a variable has it.
struct Count(NonZeroU32);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match crate::limit::count(deserializer)? {
            Some(count) => Ok(Self(count)),
            None => Err(de::Error::custom("a number of messages is missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WarmUp, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_start_is_enough_and_texts_are_numbers_as_well() {
        let usual = read("start = 50").unwrap();
        assert_eq!((usual.growth.to_string(), usual.ceiling.get()), ("1.4".to_owned(), 1_000_000));
        let said = read("start = \"1_000\"\ngrowth = \"1.25\"\nceiling = 9000\nproviders = { gmx = \"20\" }").unwrap();
        assert_eq!((said.start.get(), said.growth.factor(), said.ceiling.get()), (1_000, 1.25, 9_000));
        assert_eq!(said.providers[&"gmx".parse().unwrap()].get(), 20);
    }

    #[test]
    fn a_warm_up_that_would_not_be_one_is_refused() {
        for (text, said) in [
            ("growth = 1.4", "missing field `start`"),
            ("start = 0", "leave it out"),
            ("start = 50\ngrowth = 1", "from 1.01 to 2"),
            ("start = 50\ngrowth = 10.5", "from 1.01 to 2"),
            ("start = 50\ngrowth = \"NaN\"", "from 1.01 to 2"),
            ("start = 50\nceiling = 50", "over before it has begun"),
            ("start = 50\nceiling = 90\nproviders = { gmx = 90 }", "over before it has begun"),
            ("start = 50\nsince = 1", "unknown field `since`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
