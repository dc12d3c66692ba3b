mod bounce;
mod dkim;
mod dmarc;
mod spf;

use std::error::Error;

use domain::DnsRecord;

use crate::{Finding, LookupError, Resolver, Standing, Subject};

/// A sending domain as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendingDomain {
    /// The domain in From and in the signatures.
    pub domain: String,
    /// The domain of the return paths.
    pub bounce_domain: String,
    /// The records of the keys that sign.
    pub dkim: Vec<DnsRecord>,
    /// The host that takes returned mail, if that is known.
    pub mail_host: Option<String>,
}

impl Resolver {
    /// Compares what is published for a sending domain with what verifiers need: SPF, then a finding for each key, then DMARC,
    /// then the way back.
    pub async fn check_sending_domain(&self, expected: &SendingDomain) -> Vec<Finding> {
        let mut findings = Vec::with_capacity(expected.dkim.len() + 3);
        findings.push(told(spf::check(self, expected).await, Subject::Spf, &expected.bounce_domain));
        for record in &expected.dkim {
            findings.push(told(dkim::check(self, record).await, Subject::Dkim, &record.name));
        }
        if expected.dkim.is_empty() {
            let words = "no key signs for this domain; `eshot key new` makes one";
            findings.push(Finding::new(Subject::Dkim, Standing::Wrong, &expected.domain, words));
        }
        findings.push(told(dmarc::check(self, &expected.domain).await, Subject::Dmarc, &expected.domain));
        findings.push(told(bounce::check(self, expected).await, Subject::BounceMx, &expected.bounce_domain));
        findings
    }
}

/// The finding, or that there is none because nobody answered.
fn told(checked: Result<Finding, LookupError>, subject: Subject, name: &str) -> Finding {
    checked.unwrap_or_else(|error| {
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        Finding::new(subject, Standing::Unknown, name, format!("{error}{cause}"))
    })
}
