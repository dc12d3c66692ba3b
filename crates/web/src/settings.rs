use std::collections::BTreeMap;
use std::time::Duration;

use domain::{MailboxProvider, Network, Throttle};
use limits::{Limit, WarmUp};
use url::Url;

/// What the configuration says about pages and API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the world reaches this service; pages that belong to no brand take their root from it.
    pub base_url: Url,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// A body of the API at most, in bytes.
    pub api_body_limit: usize,
    /// A body sent to a public page at most, in bytes.
    pub form_body_limit: usize,
    /// How long a request may take.
    pub timeout: Duration,
    /// Public posts from one client network at most.
    pub public_rate: Throttle,
    /// Sign-ups for one address at most.
    pub sign_up_rate: Throttle,
    /// The limits of mailbox providers, to be shown.
    pub provider_limits: BTreeMap<MailboxProvider, Limit>,
    /// How relays are warmed up, by their names; to be shown.
    pub warm_ups: BTreeMap<String, WarmUp>,
}
