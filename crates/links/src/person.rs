use domain::{EmailAddress, SubscriberId, TopicNo};
use url::Url;

use crate::{Links, Refused, Site, Unfit, path};

/// What the local part of an unsubscribe address begins with.
pub(crate) const MAILTO: &str = "unsub-";
/// How long such a local part is: the longest that we write.
pub(crate) const MAILTO_LENGTH: usize = MAILTO.len() + 50;

/// Whom a footer's link is for, and about which topic. It names no campaign, so it outlives every one.
///
/// The links of a test mail name [`SubscriberId::NOBODY`]: they open the pages and change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Person {
    /// The subscriber.
    pub subscriber: SubscriberId,
    /// The topic that the mail was sent for.
    pub topic: TopicNo,
}

impl Links {
    /// The link that unsubscribes: a page on GET, at once on the POST of RFC 8058.
    pub fn unsubscribe_url(&self, site: &Site, person: Person) -> Url {
        site.link(path::UNSUBSCRIBE, &self.unsubscribe.sign(&pack(person)))
    }

    /// Whom the token of an [unsubscribe link](Self::unsubscribe_url) names.
    pub fn read_unsubscribe(&self, token: &str) -> Result<Person, Refused> {
        self.unsubscribe.read(token).map(unpack)
    }

    /// The address that unsubscribes whoever writes to it, for the mailto of List-Unsubscribe (RFC 2369 §3.2).
    pub fn unsubscribe_mailto(&self, site: &Site, person: Person) -> Result<EmailAddress, Unfit> {
        Ok(site.mailbox(&format!("{MAILTO}{}", self.unsubscribe.sign(&pack(person))))?)
    }

    /// Whom an [unsubscribe address](Self::unsubscribe_mailto) names. The domain is not looked at: the token decides.
    pub fn read_unsubscribe_mailto(&self, address: &EmailAddress) -> Result<Person, Refused> {
        self.read_unsubscribe(address.local_part().strip_prefix(MAILTO).ok_or(Refused::Malformed)?)
    }

    /// The link to the preferences that whoever holds the mail may change.
    pub fn preferences_url(&self, site: &Site, person: Person) -> Url {
        site.link(path::PREFERENCES, &self.preferences.sign(&pack(person)))
    }

    /// Whom the token of a [preferences link](Self::preferences_url) names.
    pub fn read_preferences(&self, token: &str) -> Result<Person, Refused> {
        self.preferences.read(token).map(unpack)
    }
}

/// Subscriber 16, topic 4.
fn pack(person: Person) -> [u8; 20] {
    let mut payload = [0; 20];
    payload[..16].copy_from_slice(&person.subscriber.to_bytes());
    payload[16..].copy_from_slice(&person.topic.0.to_be_bytes());
    payload
}

fn unpack(payload: [u8; 20]) -> Person {
    let (mut subscriber, mut topic) = ([0; 16], [0; 4]);
    subscriber.copy_from_slice(&payload[..16]);
    topic.copy_from_slice(&payload[16..]);
    Person { subscriber: SubscriberId::from_bytes(subscriber), topic: TopicNo(i32::from_be_bytes(topic)) }
}
