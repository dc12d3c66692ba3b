use std::time::Duration;

use domain::MailboxProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::timeout;

use crate::resolver::Answer;
use crate::{LookupError, Resolver, provider_of, provider_of_host};

/// How long a look may take in all: several questions, each of several servers, more than once.
const LOOK: Duration = Duration::from_secs(20);

/// Who takes mail for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailHosts {
    /// These hosts, the preferred one first.
    Hosts(Vec<String>),
    /// The domain itself: it has an address but no MX (RFC 5321 §5.1).
    Itself,
    /// Nobody, and it says so: a null MX (RFC 7505).
    Refuses,
    /// Nobody: the domain does not exist, or has neither MX nor address.
    Missing,
}

impl Resolver {
    /// Who takes mail for a domain.
    pub async fn mx(&self, domain: &str) -> Result<MailHosts, LookupError> {
        let records = match self.ask(domain, RecordType::MX).await? {
            Answer::Records(records) => records,
            Answer::Nothing if self.has_address(domain).await? => return Ok(MailHosts::Itself),
            Answer::Nothing | Answer::NoSuchName => return Ok(MailHosts::Missing),
        };
        let mut hosts: Vec<(u16, String)> = records
            .iter()
            .filter_map(|data| match data {
                RData::MX(mx) => {
                    Some((mx.preference, mx.exchange.to_ascii().trim_end_matches('.').to_ascii_lowercase()))
                }
                _ => None,
            })
            .collect();
        hosts.sort();
        // RFC 7505 §3: a single record whose host is the root.
        if hosts.iter().all(|(_, host)| host.is_empty()) {
            return Ok(MailHosts::Refuses);
        }
        Ok(MailHosts::Hosts(hosts.into_iter().map(|(_, host)| host).filter(|host| !host.is_empty()).collect()))
    }

    /// Who keeps the mailboxes of a domain: by its name where that is known, else by its preferred mail server. Takes [`LOOK`]
    /// at most, as [`domain_gone`](Self::domain_gone) does.
    pub async fn provider(&self, domain: &str) -> Result<MailboxProvider, LookupError> {
        let by_name = provider_of(domain);
        if by_name != MailboxProvider::other() {
            return Ok(by_name);
        }
        Ok(match self.look(domain).await? {
            MailHosts::Hosts(hosts) => hosts.first().map_or(by_name, |host| provider_of_host(host)),
            MailHosts::Itself | MailHosts::Refuses | MailHosts::Missing => by_name,
        })
    }

    /// Whether no mail can reach the domain now. One look is no proof: names lapse and come back within days. All that a look
    /// asks takes [`LOOK`] at most, whatever the name servers do.
    pub async fn domain_gone(&self, domain: &str) -> Result<bool, LookupError> {
        Ok(matches!(self.look(domain).await?, MailHosts::Refuses | MailHosts::Missing))
    }

    async fn look(&self, domain: &str) -> Result<MailHosts, LookupError> {
        let look = timeout(LOOK, self.mx(domain)).await;
        look.unwrap_or_else(|_| Err(LookupError::too_slow(domain, RecordType::MX)))
    }
}
