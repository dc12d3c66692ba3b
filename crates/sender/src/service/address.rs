use std::net::IpAddr;

use url::Url;

use super::InvalidService;

/// The mail services whose APIs we speak.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ses,
    SendGrid,
    Mailgun,
    Postmark,
}

/// What a URL says of a mail service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) kind: Kind,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encrypted: bool,
    /// What the path says: SES's region, Mailgun's domain.
    pub(super) place: String,
    /// What stands behind the `?`.
    pub(super) option: Option<String>,
}

impl Kind {
    /// The service that a scheme means, `KIND` or `KIND+https` or `KIND+http`.
    pub(super) fn of(scheme: &str) -> Option<Self> {
        match scheme.split('+').next()? {
            "ses" => Some(Self::Ses),
            "sendgrid" => Some(Self::SendGrid),
            "mailgun" => Some(Self::Mailgun),
            "postmark" => Some(Self::Postmark),
            _ => None,
        }
    }

    /// What its secret is called.
    pub(super) const fn secret(self) -> &'static str {
        match self {
            Self::Ses => "an access key's id and its secret",
            Self::SendGrid | Self::Mailgun => "an API key",
            Self::Postmark => "the token of a server",
        }
    }

    /// Whether its credentials have a public half.
    pub(super) const fn has_key_id(self) -> bool {
        matches!(self, Self::Ses)
    }

    /// What may stand behind the `?` of its URL.
    const fn option(self) -> Option<&'static str> {
        match self {
            Self::Ses => Some("configuration_set"),
            Self::Postmark => Some("stream"),
            Self::SendGrid | Self::Mailgun => None,
        }
    }
}

impl Address {
    pub(super) fn of(url: &Url) -> Result<Self, InvalidService> {
        let kind = Kind::of(url.scheme()).ok_or(InvalidService::Host)?;
        let transport = url.scheme().split_once('+').map(|(_, transport)| transport);
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidService::Host)?;
        // A URL writes an IPv6 address in brackets; nobody else does.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidService::Userinfo);
        }
        if url.fragment().is_some() {
            return Err(InvalidService::Option { wanted: kind.option(), given: "#".to_owned() });
        }
        let encrypted = match transport {
            None | Some("https") => true,
            Some("http") if is_loopback(&host) => false,
            Some(_) => return Err(InvalidService::InTheClear),
        };
        let path = url.path().trim_matches('/').to_owned();
        let (host, place) = match (kind, transport) {
            (Kind::Ses, None) if path.is_empty() && is_label(&host) => (format!("email.{host}.amazonaws.com"), host),
            (Kind::Ses, Some(_)) if is_label(&path) => (host, path),
            (Kind::Ses, _) => return Err(InvalidService::Path("ses://REGION, or ses+https://HOST/REGION")),
            (Kind::Mailgun, _) if is_domain(&path) => (host, path),
            (Kind::Mailgun, _) => {
                return Err(InvalidService::Path("mailgun://api.mailgun.net/DOMAIN, or api.eu.mailgun.net"));
            }
            (Kind::SendGrid | Kind::Postmark, _) if path.is_empty() => (host, path),
            (Kind::SendGrid, _) => {
                return Err(InvalidService::Path("sendgrid://api.sendgrid.com, or api.eu.sendgrid.com"));
            }
            (Kind::Postmark, _) => return Err(InvalidService::Path("postmark://api.postmarkapp.com")),
        };
        let port = url.port().unwrap_or(if encrypted { 443 } else { 80 });
        Ok(Self { kind, host, port, encrypted, place, option: option(kind, url)? })
    }
}

fn option(kind: Kind, url: &Url) -> Result<Option<String>, InvalidService> {
    let mut found = None;
    for (key, value) in url.query_pairs() {
        // It goes into JSON and is a name everywhere.
        let fits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if Some(&*key) != kind.option() || !fits || found.is_some() {
            return Err(InvalidService::Option { wanted: kind.option(), given: format!("{key}={value}") });
        }
        found = Some(value.into_owned());
    }
    Ok(found)
}

/// One label of a host name, as regions are.
fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Several labels.
fn is_domain(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_label)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
