use campaigns::{Letter, Reader};
use chrono::{DateTime, Utc};
use domain::{AccessId, DeliveryKey, EmailAddress, Locale, MailKind, OptInId, SubscriberId};
use links::Links;
use renderer::{Person, Rendered, mime, system};
use subscribers::access;
use subscribers::topic::Topic;

use super::letterhead::{self, List};
use super::{ComposeError, Stationery};
use crate::connection::Message;
use crate::stage::Stage;

/// What one delivery needs to be composed, besides its mailing's stationery.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) key: DeliveryKey,
    pub(crate) subscriber: Option<SubscriberId>,
    pub(crate) recipient: EmailAddress,
    /// The person's name on file.
    pub(super) name: Option<String>,
    pub(super) content: Content,
}

/// What a message says.
#[derive(Debug)]
pub(super) enum Content {
    /// A campaign, to one of its readers.
    Letter { reader: Reader, person: Box<Person> },
    /// A campaign as it is now, to somebody who checks it.
    Test(Box<Letter>),
    /// Whether a sign-up was meant.
    Question { locale: Locale, name: Option<String>, opt_in: OptInId, topics: Vec<String>, days: u32 },
    /// That it was confirmed.
    Welcome { locale: Locale, subscriber: SubscriberId, topics: Vec<Topic> },
    /// The way to one's own data.
    Access { locale: Locale, access: AccessId },
}

/// The signed message of a piece, with its envelope.
pub(crate) fn compose(
    piece: &Piece,
    stationery: &Stationery,
    links: &Links,
    now: DateTime<Utc>,
) -> Result<Message, ComposeError> {
    let (rendered, list) = Stage::Render.of(|| piece.content.render(piece, stationery, links))?;
    let list = list.map(|list| list.headers(stationery, links)).transpose()?;
    // Before an address is confirmed, its name is whatever anybody typed: it has no place in a header.
    let name = list.is_some().then(|| piece.name.clone()).flatten();
    let headers = letterhead::headers(piece, stationery, links, name, list, now)?;
    let raw = Stage::Mime.of(|| mime::message(&rendered, &headers))?;
    if !is_fit_for_the_wire(&raw) {
        return Err(ComposeError::Wire);
    }
    Ok(Message {
        return_path: links.return_path(&stationery.site, piece.key)?,
        recipient: piece.recipient.clone(),
        envid: links.envid(piece.key)?,
        raw: Stage::Sign.of(|| stationery.signer.sign(&raw))?,
    })
}

impl Content {
    fn render(
        &self,
        piece: &Piece,
        stationery: &Stationery,
        links: &Links,
    ) -> Result<(Rendered, Option<List>), ComposeError> {
        let (site, look) = (&stationery.site, &stationery.look);
        Ok(match self {
            Self::Letter { reader, person } => {
                let letter = stationery.letter.as_ref().ok_or(ComposeError::NoLetter)?;
                (letter.render(links, *reader, (**person).clone())?, Some(List::of(letter, *reader)))
            }
            Self::Test(letter) => {
                let person = Person { email: Some(piece.recipient.to_string()), ..Person::default() };
                (letter.render(links, Reader::Tester, person)?, Some(List::of(letter, Reader::Tester)))
            }
            Self::Question { locale, name, opt_in, topics, days } => {
                let confirm = links.confirm_url(site, *opt_in);
                let data = system::Confirmation { name: name.clone(), topics: topics.clone(), confirm, days: *days };
                let rendered = match stationery.mailing.kind {
                    MailKind::Reminder => system::reminder(*locale, look, &data)?,
                    _ => system::confirmation(*locale, look, &data)?,
                };
                (rendered, None)
            }
            Self::Welcome { locale, subscriber, topics } => {
                let first = topics.first().ok_or(ComposeError::NoTopic)?;
                let list = List::new(*subscriber, first.no, &first.name);
                let data = system::Welcome {
                    name: piece.name.clone(),
                    topics: topics.iter().map(|topic| topic.name.clone()).collect(),
                    preferences: links.preferences_url(site, list.person),
                    unsubscribe: links.unsubscribe_url(site, list.person),
                };
                (system::welcome(*locale, look, &data)?, Some(list))
            }
            Self::Access { locale, access } => {
                let minutes = u32::try_from(access::MINUTES).unwrap_or(u32::MAX);
                let link = links.access_url(site, *access);
                (system::access(*locale, look, &system::Access { name: piece.name.clone(), link, minutes })?, None)
            }
        })
    }
}

/// 7-bit, and every line ends in CRLF: what every server passes on unchanged, and no two servers read differently.
fn is_fit_for_the_wire(raw: &[u8]) -> bool {
    raw.is_ascii()
        && raw.iter().enumerate().all(|(at, byte)| match byte {
            b'\n' => at > 0 && raw[at - 1] == b'\r',
            b'\r' => raw.get(at + 1) == Some(&b'\n'),
            0 => false,
            _ => true,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_could_read_differently_is_not_fit_for_the_wire() {
        assert!(is_fit_for_the_wire(b"a: b\r\n\r\nc\r\n"));
        for raw in [&b"a\nb\r\n"[..], b"\n", b"a\rb\r\n", b"a\r", b"a\0\r\n", "ä\r\n".as_bytes()] {
            assert!(!is_fit_for_the_wire(raw), "{raw:?}");
        }
    }
}
