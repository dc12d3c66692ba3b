use campaigns::{Letter, Reader};
use chrono::{DateTime, Utc};
use domain::DeliveryKey;
use links::{Links, Person};
use renderer::Merge;
use renderer::mime::{Cfbl, Headers, ListHeaders, Mailbox};
use url::Url;

use super::piece::Addressee;
use super::{ComposeError, Stationery};

/// The list that a mail belongs to: a topic, and whom and what its unsubscribe links name.
pub(super) struct List {
    pub(super) person: Person,
    pub(super) topic: String,
    pub(super) unsubscribe: Url,
}

impl List {
    pub(super) fn of(letter: &Letter, reader: Reader, merge: &Merge) -> Self {
        let unsubscribe = merge.links.unsubscribe.clone();
        Self { person: letter.person(reader), topic: letter.topic_name.clone(), unsubscribe }
    }

    fn headers(self, stationery: &Stationery, links: &Links, cfbl: Option<Cfbl>) -> Result<ListHeaders, ComposeError> {
        let (site, brand, mailing) = (&stationery.site, &stationery.brand, &stationery.mailing);
        Ok(ListHeaders {
            unsubscribe_mailto: links.unsubscribe_mailto(site, self.person)?,
            unsubscribe: self.unsubscribe,
            name: self.topic,
            // By its number, because RFC 2919 §3 wants an id that stays when the list is renamed.
            id: format!("topic-{}.{}", self.person.topic.0, brand.sending_domain),
            // Google's four fields: campaign, customer, type, and a sender that is always the same.
            feedback_id: Some(format!("{}:{}:{}:eshot", mailing.no, brand.slug, mailing.kind)),
            cfbl,
        })
    }
}

/// What stands above every message.
pub(super) fn headers(
    to: &Addressee<'_>,
    stationery: &Stationery,
    links: &Links,
    list: Option<List>,
    asks_for_complaints: bool,
    now: DateTime<Utc>,
) -> Result<Headers, ComposeError> {
    let brand = &stationery.brand;
    let asks = asks_for_complaints && stationery.mailing.kind.is_bulk();
    let cfbl = if asks { cfbl(to.key, stationery, links)? } else { None };
    let list = list.map(|list| list.headers(stationery, links, cfbl)).transpose()?;
    // Before an address is confirmed, its name is whatever anybody typed: it has no place in a header.
    let name = list.is_some().then(|| to.name.map(str::to_owned)).flatten();
    Ok(Headers {
        kind: stationery.mailing.kind,
        from: Mailbox { name: Some(brand.from_name.clone()), address: brand.from_address.clone() },
        reply_to: brand.reply_to.clone().map(|address| Mailbox { name: None, address }),
        to: Mailbox { name, address: to.recipient.clone() },
        message_id: links.message_id(&stationery.site, to.key)?,
        date: now,
        list,
    })
}

/// Where complaints about a message go: to where it comes back to, which tells which message it is about.
///
/// Nothing where RFC 9477 §3.1 would have it ignored: the address has to be of the From domain or below it, and that domain has to sign.
fn cfbl(key: DeliveryKey, stationery: &Stationery, links: &Links) -> Result<Option<Cfbl>, ComposeError> {
    let address = links.return_path(&stationery.site, key)?;
    let from = stationery.brand.from_address.domain();
    let above = address.domain().strip_suffix(from);
    let is_below = above.is_some_and(|above| above.is_empty() || above.ends_with('.'));
    let is_signed = !stationery.signer.is_empty() && stationery.brand.sending_domain == from;
    if !is_below || !is_signed {
        return Ok(None);
    }
    Ok(Some(Cfbl { address, feedback_id: links.envid(key)? }))
}
