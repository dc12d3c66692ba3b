use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How fast something may happen: so many in a second, a minute, an hour or a day. As text `"10/s"`, `"600/m"`, `"5000/h"`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Throttle {
    count: NonZeroU32,
    per: Unit,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

/// Why a text is no throttle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rate; one looks like \"10/s\", \"600/m\", \"5000/h\" or \"100000/d\"")]
pub struct InvalidThrottle(String);

impl Throttle {
    /// So many in a second.
    pub const fn per_second_of(count: NonZeroU32) -> Self {
        Self { count, per: Unit::Second }
    }

    /// So many in an hour.
    pub const fn per_hour_of(count: NonZeroU32) -> Self {
        Self { count, per: Unit::Hour }
    }

    /// How many there may be in one [`period`](Self::period).
    pub const fn count(self) -> NonZeroU32 {
        self.count
    }

    /// The time that [`count`](Self::count) is counted over.
    pub const fn period(self) -> std::time::Duration {
        std::time::Duration::from_secs(match self.per {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3_600,
            Unit::Day => 86_400,
        })
    }

    /// The mean rate in events a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.count.get()) / self.period().as_secs_f64()
    }
}

impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per {
            Unit::Second => 's',
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
        };
        write!(f, "{}/{unit}", self.count)
    }
}

impl FromStr for Throttle {
    type Err = InvalidThrottle;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidThrottle(text.to_owned());
        let (count, unit) = text.trim().split_once('/').ok_or_else(invalid)?;
        let count = count.trim().replace('_', "").parse().map_err(|_| invalid())?;
        let per = match unit.trim() {
            "s" | "sec" | "second" => Unit::Second,
            "m" | "min" | "minute" => Unit::Minute,
            "h" | "hour" => Unit::Hour,
            "d" | "day" => Unit::Day,
            _ => return Err(invalid()),
        };
        Ok(Self { count, per })
    }
}

impl TryFrom<String> for Throttle {
    type Error = InvalidThrottle;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Throttle> for String {
    fn from(throttle: Throttle) -> Self {
        throttle.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_rate_says_how_many_and_how_often() {
        let throttle: Throttle = " 5_000 / hour ".parse().unwrap();
        assert_eq!(throttle.to_string(), "5000/h");
        assert!((throttle.per_second() - 1.388_9).abs() < 0.001);
    }

    #[test]
    fn nonsense_and_nought_are_refused() {
        for text in ["", "10", "0/s", "-1/s", "10/y", "ten/s", "10/s/s"] {
            assert!(text.parse::<Throttle>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_throttle_survives_text(count in 1u32.., unit in "[smhd]") {
            let text = format!("{count}/{unit}");
            prop_assert_eq!(text.parse::<Throttle>().unwrap().to_string(), text);
        }
    }
}
