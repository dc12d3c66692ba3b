use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use domain::{MailboxProvider, Throttle};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::{WarmUp, Window};

/// What may be limited of mail that has something in common. Whatever is not said is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// How fast it may go, spread evenly.
    pub rate: Option<Throttle>,
    /// How many may go at once after a rest; a second's worth where it is not said, and at least one.
    pub burst: Option<NonZeroU32>,
    /// How many messages, or connections of a relay, may be under way at one time.
    pub connections: Option<NonZeroU32>,
    /// How many messages a connection may have carried before one of these goes over it.
    pub messages_per_connection: Option<NonZeroU32>,
    /// How many may go in each hour (UTC).
    pub hourly: Option<NonZeroU32>,
    /// How many may go on each day (UTC).
    pub daily: Option<NonZeroU32>,
    /// When campaigns may go; at any time where none is said. What somebody waits for goes at any time.
    pub windows: Vec<Window>,
}

/// Every limit there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// All mail through one relay: of each that has no limit of its own, by itself.
    pub relay: Limit,
    /// All mail through the relay of this name.
    pub relays: BTreeMap<String, Limit>,
    /// Mail to each mailbox provider.
    pub providers: BTreeMap<MailboxProvider, Limit>,
    /// Mail of each brand, by its short name.
    pub brands: BTreeMap<String, Limit>,
    /// Mail of each campaign, by itself.
    pub campaign: Limit,
    /// How the relays of these names are warmed up. It binds campaigns; what somebody waits for goes at any time.
    pub warm_ups: BTreeMap<String, WarmUp>,
}

impl Limit {
    /// A rate and nothing else.
    pub fn rate(throttle: Throttle) -> Self {
        Self { rate: Some(throttle), ..Self::default() }
    }

    /// Whether there is nothing that it limits.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// How many may go at once.
    pub(crate) fn burst(&self) -> u32 {
        let Some(rate) = self.rate else { return u32::MAX };
        let second = rate.count().get() / u32::try_from(rate.period().as_secs()).unwrap_or(u32::MAX);
        self.burst.map_or(second, NonZeroU32::get).max(1)
    }
}

impl Settings {
    /// One rate for all mail through a relay.
    pub fn relay(throttle: Throttle) -> Self {
        Self { relay: Limit::rate(throttle), ..Self::default() }
    }

    /// What binds all mail through the relay of this name.
    pub(crate) fn of_relay(&self, name: &str) -> &Limit {
        self.relays.get(name).unwrap_or(&self.relay)
    }
}

/// A limit reads as its rate alone, `"600/m"`, or as a table.
impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Limit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate such as \"600/m\", or a table with rate, burst, connections and so on")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Limit, E> {
                if text.is_empty() {
                    return Ok(Limit::default());
                }
                text.parse().map(Limit::rate).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Limit, A::Error> {
                let limit = Table::deserialize(MapAccessDeserializer::new(map)).map(Limit::from)?;
                if limit.burst.is_some() && limit.rate.is_none() {
                    return Err(de::Error::custom("a burst belongs to a rate; say both or neither"));
                }
                Ok(limit)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The table's keys; a variable of the environment spells the long one with hyphens.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Table {
    #[serde(deserialize_with = "rate")]
    rate: Option<Throttle>,
    #[serde(deserialize_with = "count")]
    burst: Option<NonZeroU32>,
    #[serde(deserialize_with = "count")]
    connections: Option<NonZeroU32>,
    #[serde(deserialize_with = "count", alias = "messages-per-connection")]
    messages_per_connection: Option<NonZeroU32>,
    #[serde(deserialize_with = "count")]
    hourly: Option<NonZeroU32>,
    #[serde(deserialize_with = "count")]
    daily: Option<NonZeroU32>,
    #[serde(deserialize_with = "windows")]
    windows: Vec<Window>,
}

impl From<Table> for Limit {
    fn from(table: Table) -> Self {
        let Table { rate, burst, connections, messages_per_connection, hourly, daily, windows } = table;
        Self { rate, burst, connections, messages_per_connection, hourly, daily, windows }
    }
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Throttle>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(de::Error::custom) }
}

/// A number, or a text that is one, as a variable has it.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Count {
        Number(i64),
        Text(String),
    }
    let number = match Count::deserialize(deserializer)? {
        Count::Number(number) => number,
        Count::Text(text) => {
            text.replace('_', "").parse().map_err(|_| de::Error::custom(format_args!("{text:?} is no whole number")))?
        }
    };
    if number == 0 {
        return Err(de::Error::custom("a limit of 0 would let nothing go; leave it out for no limit"));
    }
    let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
    number.map(Some).ok_or_else(|| de::Error::custom("a limit is a number from 1 to 4294967295"))
}

/// A list, or a text with commas, as a variable has it.
fn windows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Window>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Windows {
        List(Vec<String>),
        Text(String),
    }
    let texts = match Windows::deserialize(deserializer)? {
        Windows::List(texts) => texts,
        Windows::Text(text) => text.split(';').map(str::to_owned).collect(),
    };
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    texts.map(str::parse).collect::<Result<_, _>>().map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Limit, String> {
        let file: BTreeMap<String, Limit> = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(file["limit"].clone())
    }

    #[test]
    fn a_limit_is_a_rate_or_a_table() {
        let some = NonZeroU32::new;
        assert_eq!(read("limit = \"600/m\"").unwrap(), Limit::rate("600/m".parse().unwrap()));
        assert_eq!(read("limit = \"\"").unwrap(), Limit::default());
        let table = "[limit]\nrate = \"5/s\"\nburst = 2\nconnections = \"3\"\nmessages-per-connection = \"1_0\"\n\
                     hourly = 100\ndaily = 1000\nwindows = [\"mon-fri 08:00-18:00 Europe/Berlin\"]";
        let limit = read(table).unwrap();
        assert_eq!(
            (limit.burst, limit.connections, limit.messages_per_connection, limit.hourly, limit.daily),
            (some(2), some(3), some(10), some(100), some(1_000))
        );
        assert_eq!(limit.windows.len(), 1);
    }

    #[test]
    fn a_limit_that_is_nought_or_unknown_is_refused_with_what_would_be_right() {
        for (text, said) in [
            ("limit = \"0/s\"", "is no rate"),
            ("[limit]\nrate = \"0/s\"", "is no rate"),
            ("[limit]\ndaily = 0", "leave it out for no limit"),
            ("[limit]\nconnections = -1", "from 1 to"),
            ("[limit]\nburst = \"many\"", "no whole number"),
            ("[limit]\nburst = 5", "say both or neither"),
            ("[limit]\ndayly = 5", "unknown field `dayly`"),
            ("[limit]\nwindows = [\"never\"]", "mon-fri 08:00-18:00 Europe/Berlin"),
            ("limit = 5", "a rate such as"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn the_burst_is_a_second_unless_it_is_said() {
        for (text, burst) in [("10/s", 10), ("600/m", 10), ("90/m", 1), ("1/d", 1)] {
            assert_eq!(Limit::rate(text.parse().unwrap()).burst(), burst, "{text}");
        }
        let limit = Limit { burst: NonZeroU32::new(7), ..Limit::rate("1/m".parse().unwrap()) };
        assert_eq!(limit.burst(), 7);
    }
}
