//! Which delivery a returned mail is about. Only a token that verifies says so.

use domain::{DeliveryKey, EmailAddress};
use links::{Links, Person, Refused};

use crate::Traces;

/// Whom the envelope recipient names.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// A return path: whatever comes here is about this delivery.
    Delivery(DeliveryKey),
    /// An unsubscribe address: whoever writes here wants to leave.
    Unsubscribe(Person),
    /// Neither: postmaster, abuse, a feedback loop.
    Other,
}

impl Door {
    /// The door that an address is, or why the token in it is not believed.
    pub(crate) fn of(links: &Links, address: &EmailAddress) -> Result<Self, Refused> {
        match links.read_return_path(address) {
            Ok(key) => return Ok(Self::Delivery(key)),
            Err(refused @ (Refused::UnknownKey(_) | Refused::Forged)) => return Err(refused),
            Err(Refused::Malformed) => {}
        }
        links.read_unsubscribe_mailto(address).map(Self::Unsubscribe)
    }
}

/// The delivery that the mail is about: by the return path that it came to, then by what it returns, RFC 3464 §2.2.1.
pub(crate) fn delivery(links: &Links, door: Door, traces: &Traces) -> Option<DeliveryKey> {
    if let Door::Delivery(key) = door {
        return Some(key);
    }
    let envelope_ids = traces.envelope_ids.iter().map(|id| links.read_envid(id));
    let message_ids = traces.message_ids.iter().map(|id| links.read_message_id(id));
    let paths = traces.return_paths.iter().filter_map(|path| path.parse().ok());
    let paths = paths.map(|path: EmailAddress| links.read_return_path(&path));
    envelope_ids.chain(message_ids).chain(paths).find_map(believed)
}

/// The person whose unsubscribe link the mail returns.
pub(crate) fn person(links: &Links, traces: &Traces) -> Option<Person> {
    let read = |link: &String| {
        if let Some(address) = link.strip_prefix("mailto:") {
            let address = address.split('?').next()?.parse().ok()?;
            return Some(links.read_unsubscribe_mailto(&address));
        }
        Some(links.read_unsubscribe(link.rsplit('/').next()?.split('?').next()?))
    };
    traces.unsubscribe.iter().filter_map(read).find_map(believed)
}

/// Other people's Message-IDs are no tokens of ours and say nothing; a token that was tampered with is worth a line.
fn believed<T>(token: Result<T, Refused>) -> Option<T> {
    if let Err(refused @ (Refused::Forged | Refused::UnknownKey(_))) = token {
        tracing::warn!(%refused, "a returned mail carries a token that is not believed");
    }
    token.ok()
}
