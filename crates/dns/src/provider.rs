use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use domain::MailboxProvider;
use serde::Deserialize;

/// Who keeps the mailboxes of a domain, as far as its name tells; `other` for a domain that is in no row of the table.
///
/// Nothing is looked up. [`Resolver::provider`](crate::Resolver::provider) asks for the MX as well.
pub fn provider_of(domain: &str) -> MailboxProvider {
    TABLE.domains.get(domain.trim_end_matches('.').to_ascii_lowercase().as_str()).cloned().unwrap_or_else(other)
}

/// Who runs a mail server, as far as its host name tells; `other` for a host that is in no row of the table.
pub fn provider_of_host(host: &str) -> MailboxProvider {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    // `.mx.microsoft` is asked before `.microsoft` would be: the longest suffix says most.
    let suffixes = host.match_indices('.').map(|(at, _)| &host[at..]);
    suffixes.into_iter().find_map(|suffix| TABLE.suffixes.get(suffix)).cloned().unwrap_or_else(other)
}

/// Every provider that has a row in the table, in order of name; `other` is none of them.
pub fn providers() -> Vec<MailboxProvider> {
    let rows: BTreeSet<&MailboxProvider> = TABLE.domains.values().chain(TABLE.suffixes.values()).collect();
    rows.into_iter().cloned().collect()
}

fn other() -> MailboxProvider {
    MailboxProvider::other()
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test proves that the embedded text reads; a program that could not read it would still send, as if to nobody known.
    let file: File = toml::from_str(include_str!("../data/providers.toml")).unwrap_or_default();
    let mut table = Table::default();
    for row in file.row {
        table.domains.extend(row.domains.into_iter().map(|domain| (domain, row.provider.clone())));
        table.suffixes.extend(row.mx.into_iter().map(|suffix| (suffix, row.provider.clone())));
    }
    table
});

#[derive(Default)]
struct Table {
    domains: HashMap<String, MailboxProvider>,
    suffixes: HashMap<String, MailboxProvider>,
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
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn people_are_known_by_their_domain() {
        for (domain, provider) in [
            ("gmail.com", "gmail"),
            ("Hotmail.co.uk", "microsoft"),
            ("aol.com.", "yahoo"),
            ("web.de", "gmx"),
            ("example.com", "other"),
            ("notgmail.com", "other"),
            ("mail.gmail.com", "other"),
            ("", "other"),
        ] {
            assert_eq!(provider_of(domain).as_str(), provider, "{domain}");
        }
    }

    #[test]
    fn companies_are_known_by_their_mail_server() {
        for (host, provider) in [
            ("aspmx.l.google.com.", "gmail"),
            ("example-com.mail.protection.outlook.com", "microsoft"),
            ("example-com.j-v1.mx.microsoft", "microsoft"),
            ("MTA5.am0.yahoodns.net", "yahoo"),
            ("google.com", "other"),
            ("mx.notgoogle.com", "other"),
            ("mail.example.com", "other"),
            ("localhost", "other"),
        ] {
            assert_eq!(provider_of_host(host).as_str(), provider, "{host}");
        }
    }

    #[test]
    fn each_domain_and_each_suffix_of_the_table_changes_who_is_found() {
        let file: File = toml::from_str(include_str!("../data/providers.toml")).unwrap();
        for row in file.row {
            for domain in row.domains {
                assert_eq!(provider_of(&domain), row.provider, "{domain}");
            }
            for suffix in row.mx {
                assert_eq!(provider_of_host(&format!("mx1{suffix}")), row.provider, "{suffix}");
            }
        }
    }

    #[test]
    fn every_row_reads_names_its_source_and_repeats_nobody() {
        let file: File = toml::from_str(include_str!("../data/providers.toml")).unwrap();
        let (mut domains, mut suffixes) = (HashSet::new(), HashSet::new());
        for row in file.row {
            assert!(row.source.contains("https://"), "{}", row.provider);
            assert!(!(row.domains.is_empty() && row.mx.is_empty()), "{}", row.provider);
            for domain in row.domains {
                assert_eq!(domain::mail_domain(&domain).as_ref(), Ok(&domain));
                assert!(domains.insert(domain.clone()), "{domain} stands twice");
            }
            for suffix in row.mx {
                assert!(suffix.starts_with('.') && suffix == suffix.to_ascii_lowercase(), "{suffix}");
                assert!(suffixes.insert(suffix.clone()), "{suffix} stands twice");
            }
        }
    }
}
