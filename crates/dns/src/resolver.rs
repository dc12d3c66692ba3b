use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};

/// For how long it is kept that there is nothing, whatever the answer says: who looks again a day later is to hear it anew.
const NOTHING_KEPT: Duration = Duration::from_secs(60 * 60);

/// For how long it is kept at least, and at most, what there is: many people have one domain, and companies move.
const SOMETHING_KEPT: (Duration, Duration) = (Duration::from_secs(5 * 60), Duration::from_secs(24 * 60 * 60));

/// Whom to ask, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name server, or none for those that the system uses.
    pub nameserver: Option<SocketAddr>,
    /// How long to wait for one answer.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { nameserver: None, timeout: Duration::from_secs(5) }
    }
}

/// Asks name servers and keeps their answers for as long as they say, within five minutes and a day; that there is nothing, for
/// an hour at most. A clone shares what is kept.
#[derive(Clone)]
pub struct Resolver {
    pub(crate) inner: TokioResolver,
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
#[error("there is no name server to ask")]
pub struct ResolverError(#[source] NetError);

/// Why there is no answer: not that there is no such record, but that nobody said.
#[derive(Debug, thiserror::Error)]
#[error("the DNS gave no answer for {kind} {name}")]
pub struct LookupError {
    name: String,
    kind: RecordType,
    source: NetError,
}

impl LookupError {
    pub(crate) fn too_slow(name: &str, kind: RecordType) -> Self {
        Self { name: name.to_owned(), kind, source: NetError::Timeout }
    }
}

/// What the name servers said.
#[derive(Debug)]
pub(crate) enum Answer {
    /// There are such records.
    Records(Vec<RData>),
    /// The name is known, but has no such records.
    Nothing,
    /// There is no such name (NXDOMAIN).
    NoSuchName,
}

impl Resolver {
    /// A resolver that asks as the settings say.
    pub fn new(settings: &Settings) -> Result<Self, ResolverError> {
        let mut builder = match settings.nameserver {
            None => TokioResolver::builder_tokio().map_err(ResolverError)?,
            Some(address) => {
                let config = ResolverConfig::from_name_servers(vec![name_server(address)]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        options.timeout = settings.timeout;
        (options.positive_min_ttl, options.positive_max_ttl) = (Some(SOMETHING_KEPT.0), Some(SOMETHING_KEPT.1));
        options.negative_max_ttl = Some(NOTHING_KEPT);
        // Other people's mail servers must not be found in a file of this machine.
        options.use_hosts_file = ResolveHosts::Never;
        Ok(Self { inner: builder.build().map_err(ResolverError)? })
    }

    /// Forgets what is kept, so that the name servers are asked anew.
    pub fn forget(&self) {
        self.inner.clear_cache();
    }

    pub(crate) async fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, LookupError> {
        let failed = |source| LookupError { name: name.to_owned(), kind, source };
        // A name that cannot be one, such as one with an empty label, is a name that there is not.
        let Ok(mut query) = Name::from_ascii(name) else { return Ok(Answer::NoSuchName) };
        // Without the dot at the end the system's search domains would be tried as well.
        query.set_fqdn(true);
        match self.inner.lookup(query, kind).await {
            Ok(lookup) => {
                let data = lookup.answers().iter().map(|record| record.data.clone());
                let records: Vec<RData> = data.filter(|data| data.record_type() == kind).collect();
                Ok(if records.is_empty() { Answer::Nothing } else { Answer::Records(records) })
            }
            Err(error) if error.is_nx_domain() => Ok(Answer::NoSuchName),
            Err(error) if error.is_no_records_found() && !is_failure(&error) => Ok(Answer::Nothing),
            Err(error) => Err(failed(error)),
        }
    }

    /// The texts at a name, each joined from its strings; none if there is no such record or name.
    pub(crate) async fn texts(&self, name: &str) -> Result<Vec<String>, LookupError> {
        let Answer::Records(records) = self.ask(name, RecordType::TXT).await? else { return Ok(Vec::new()) };
        let texts = records.iter().filter_map(|data| match data {
            // RFC 7208 §3.3 and RFC 6376 §3.6.2.2: the strings belong together, without a blank between them.
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// Whether a host has an address.
    pub(crate) async fn has_address(&self, name: &str) -> Result<bool, LookupError> {
        for kind in [RecordType::A, RecordType::AAAA] {
            if let Answer::Records(_) = self.ask(name, kind).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let on_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(on_port);
    NameServerConfig::new(address.ip(), true, connections.into())
}

/// SERVFAIL, REFUSED and their like come as an answer without records, and say nothing about the name.
fn is_failure(error: &NetError) -> bool {
    use hickory_resolver::net::{DnsError, NoRecords};
    use hickory_resolver::proto::op::ResponseCode;

    matches!(
        error,
        NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code, .. })) if *response_code != ResponseCode::NoError
    )
}
