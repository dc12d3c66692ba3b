//! The feedback loops whose reports prove themselves by a signature. They are data: `rules/loops.toml`.

use std::sync::LazyLock;

use domain::{EmailAddress, MailboxProvider};
use serde::Deserialize;

/// A mailbox provider that signs what it tells.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Loop {
    /// Of whose mailboxes it tells.
    pub(crate) provider: MailboxProvider,
    /// The From of its reports.
    from: EmailAddress,
    /// The domain of the signature; with a dot in front, each below that one.
    signed_by: String,
    /// Where that stands.
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    r#loop: Vec<Loop>,
}

static LOOPS: LazyLock<Vec<Loop>> = LazyLock::new(|| match rules() {
    Ok(loops) => loops,
    Err(error) => {
        tracing::error!(error = &error as &dyn std::error::Error, "no feedback loop is known by its signature");
        Vec::new()
    }
});

fn rules() -> Result<Vec<Loop>, toml::de::Error> {
    let File { r#loop } = toml::from_str(include_str!("../rules/loops.toml"))?;
    Ok(r#loop)
}

impl Loop {
    /// The loop whose reports are from this address.
    pub(crate) fn from(from: &EmailAddress) -> Option<&'static Self> {
        LOOPS.iter().find(|known| known.from == *from)
    }

    /// Whether a signature of this domain is theirs.
    pub(crate) fn signs(&self, domain: &str) -> bool {
        let domain = domain.to_ascii_lowercase();
        match self.signed_by.strip_prefix('.') {
            Some(parent) => domain == parent || domain.ends_with(&self.signed_by),
            None => domain == self.signed_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loop_reads_has_a_source_and_is_a_provider_that_the_table_knows() {
        let providers = dns::providers();
        for known in rules().unwrap() {
            assert!(known._source.len() > 8 && providers.contains(&known.provider), "{known:?}");
        }
    }

    #[test]
    fn a_signature_counts_for_the_loop_alone() {
        let of = |from: &str| Loop::from(&from.parse().unwrap());
        assert!(of("ada@hotmail.com").is_none(), "their users sign by the same domain");
        assert!(of("Staff@Hotmail.com").unwrap().signs("HOTMAIL.com"));
        assert!(!of("staff@hotmail.com").unwrap().signs("evil-hotmail.com"));
        let comcast = of("feedbackloop@comcastfbl.senderscore.net").unwrap();
        for (domain, signs) in
            [("senderscore.net", true), ("comcastfbl.senderscore.net", true), ("asenderscore.net", false)]
        {
            assert_eq!(comcast.signs(domain), signs, "{domain}");
        }
    }
}
