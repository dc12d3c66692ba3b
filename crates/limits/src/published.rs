//! What mailbox providers are known to take, as data.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use domain::{MailboxProvider, Throttle};
use serde::Deserialize;

use crate::Limit;

/// Which of the published figures hold for providers that have no limit of their own.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Published {
    /// None of them.
    None,
    /// Rates. The connections to a provider's servers are the relay's to count.
    #[default]
    Rates,
    /// Connections and messages per connection too: for a relay that hands on each message while it takes it.
    All,
}

impl Published {
    /// The limit of each provider of whom such a figure is published.
    pub fn limits(self) -> BTreeMap<MailboxProvider, Limit> {
        // A test proves that the embedded text reads; a program that could not read it would still send, as if nothing were known.
        let file: File = toml::from_str(include_str!("../data/published.toml")).unwrap_or_default();
        let limits = file.row.into_iter().map(|row| (row.provider.clone(), self.of(&row)));
        limits.filter(|(_, limit)| !limit.is_none()).collect()
    }

    fn of(self, row: &Row) -> Limit {
        match self {
            Self::None => Limit::default(),
            Self::Rates => Limit { rate: row.rate, ..Limit::default() },
            Self::All => Limit {
                rate: row.rate,
                connections: row.connections,
                messages_per_connection: row.messages_per_connection,
                ..Limit::default()
            },
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    provider: MailboxProvider,
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for whoever reads the table"))]
    source: String,
    rate: Option<Throttle>,
    connections: Option<NonZeroU32>,
    messages_per_connection: Option<NonZeroU32>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rows() -> Vec<Row> {
        toml::from_str::<File>(include_str!("../data/published.toml")).unwrap().row
    }

    #[test]
    fn every_row_reads_names_its_source_and_repeats_nobody() {
        let mut seen = BTreeSet::new();
        for row in rows() {
            assert!(row.source.contains("https://"), "{}", row.provider);
            assert!(seen.insert(row.provider.clone()), "{} stands twice", row.provider);
        }
    }

    #[test]
    fn each_row_is_a_limit_where_all_figures_hold_and_a_rate_where_rates_do() {
        let (all, rates) = (Published::All.limits(), Published::Rates.limits());
        assert_eq!(all.len(), rows().len());
        for row in rows() {
            assert!(all[&row.provider] != Limit::default(), "{}", row.provider);
            assert_eq!(rates.get(&row.provider).cloned(), row.rate.map(Limit::rate), "{}", row.provider);
        }
        assert!(Published::None.limits().is_empty() && !rates.is_empty());
    }
}
