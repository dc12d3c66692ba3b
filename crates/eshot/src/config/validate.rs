//! What no single key's type can say.

use std::time::Duration;

use domain::{MailboxProvider, MasterKeys};
use secrecy::ExposeSecret;
use tracing_subscriber::EnvFilter;

use super::types::Config;
use crate::events::Endpoint;
use crate::mailbox::mailboxes;
use crate::relay::outlets;
use crate::webhooks;

/// The ledger promises that no event stays unsealed for longer.
const LONGEST_SEAL: Duration = Duration::from_secs(5);

/// A lease that is over before a message can be handed over would have every worker take it from the last.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// What is gone within a day was hardly kept; and a slip of the pen must not empty the tables.
const SHORTEST_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// What the base URL of links must begin with.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BaseUrl {
    /// Links in mails are private: https.
    Https,
    /// A demonstration on the own machine may do without.
    HttpAllowed,
}

/// Every key that is wrong, and what would be right.
pub(super) fn problems(config: &Config, base_url: BaseUrl) -> Vec<(String, String)> {
    let mut found: Vec<_> = fixed(config, base_url).into_iter().map(|(key, what)| (key.to_owned(), what)).collect();
    let blamed = outlets(config).err().into_iter().chain(mailboxes(config).err()).flatten();
    found.extend(blamed.map(|blamed| (blamed.key, blamed.what)));
    for (name, webhook) in &config.webhooks {
        let wrong = webhooks::hook(webhook).err();
        found.extend(wrong.map(|error| (format!("webhooks.{name}.{}", webhooks::key_of(&error)), error.to_string())));
    }
    found.extend(Endpoint::of(&config.events).err().map(|wrong| (wrong.key().to_owned(), wrong.to_string())));
    found
}

/// What is wrong with keys that everybody has.
fn fixed(config: &Config, base_url: BaseUrl) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let database = config.database.url.expose_secret();
    if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| database.starts_with(scheme)) {
        found.push(("database.url", "an address of a database begins with sqlite: or postgres://".to_owned()));
    }
    let master = config.keys.master.expose_secret();
    if let (false, Err(error)) = (master.is_empty(), master.parse::<MasterKeys>()) {
        found.push(("keys.master", error.to_string()));
    }
    if config.serve.roles.is_empty() {
        found.push(("serve.roles", "name at least one of web, sender, feedback, scheduler".to_owned()));
    }
    found.extend(base_url_problem(config, base_url).map(|what| ("http.base_url", what)));
    let limited = config.limits.providers.keys();
    found.extend(unknown_provider(limited).map(|what| ("limits.providers", what)));
    let feedback = &config.feedback;
    if feedback.certificate.is_some() != feedback.private_key.is_some() {
        let what = "STARTTLS takes feedback.certificate and feedback.private_key, both or neither";
        found.push(("feedback.certificate", what.to_owned()));
    }
    let lasting = [
        ("scheduler.tick", config.scheduler.tick),
        ("sender.idle", config.sender.idle),
        ("http.client_timeout", config.http.client_timeout),
    ];
    found.extend(
        lasting
            .into_iter()
            .filter(|(_, span)| span.0.is_zero())
            .map(|(key, _)| (key, "this must be longer than no time; \"1s\" is usual".to_owned())),
    );
    if config.scheduler.seal.0.is_zero() || config.scheduler.seal.0 > LONGEST_SEAL {
        found.push(("scheduler.seal", "the ledger is sealed at least every 5s; \"2s\" is usual".to_owned()));
    }
    if config.sender.lease.0 < SHORTEST_LEASE || config.sender.lease.0 > outbox::Lease::LONGEST {
        found.push(("sender.lease", "a lease lasts from 1s to 30m; \"2m\" is usual".to_owned()));
    }
    let kept = [
        ("retention.returned_mail", config.retention.returned_mail, "90d"),
        ("retention.unconfirmed", config.retention.unconfirmed, "30d"),
    ];
    found.extend(kept.into_iter().filter(|(_, span, _)| span.0 < SHORTEST_RETENTION).map(|(key, _, usual)| {
        (key, format!("nobody can look at what is kept for less than a day; \"{usual}\" is usual"))
    }));
    if let Err(error) = EnvFilter::builder().parse(&config.log.filter) {
        found.push(("log.filter", format!("this is no filter ({error}); \"info\" or \"info,outbox=debug\" is")));
    }
    found
}

/// A rate for a provider that there is not would hold nobody back.
pub(crate) fn unknown_provider<'a>(mut named: impl Iterator<Item = &'a MailboxProvider>) -> Option<String> {
    let known: Vec<MailboxProvider> = dns::providers().into_iter().chain([MailboxProvider::other()]).collect();
    let unknown = named.find(|provider| !known.contains(provider))?;
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    Some(format!(
        "there is no mailbox provider {unknown:?}; there are {}",
        known.join(", "),
        unknown = unknown.as_str()
    ))
}

fn base_url_problem(config: &Config, wanted: BaseUrl) -> Option<String> {
    let url = &config.http.base_url;
    if !url.has_host() || !matches!(url.scheme(), "http" | "https") {
        return Some("links begin with an address such as https://news.example.com".to_owned());
    }
    if wanted == BaseUrl::Https && url.scheme() != "https" {
        return Some(format!(
            "links in mails must be private: https, not {}; only `eshot demo` does without",
            url.scheme()
        ));
    }
    (url.query().is_some() || url.fragment().is_some())
        .then(|| "links begin with an address without ? and #".to_owned())
}
