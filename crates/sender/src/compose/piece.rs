use campaigns::{Letter, Reader};
use chrono::{DateTime, Utc};
use domain::{AccessId, DeliveryKey, EmailAddress, Locale, MailKind, OptInId, SubscriberId};
use links::Links;
use renderer::mime::{self, Headers};
use renderer::{Merge, Person, Rendered, system};
use subscribers::access;
use subscribers::topic::Topic;

use super::letterhead::{self, List};
use super::{ComposeError, Stationery, wire};
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
    /// What went wrong.
    Alert(Box<system::Alert>),
}

/// The signed message of a piece, with its envelope, which may name a stand-in instead of the recipient.
pub(crate) fn compose(
    piece: &Piece,
    stationery: &Stationery,
    links: &Links,
    redirect_to: Option<&EmailAddress>,
    now: DateTime<Utc>,
) -> Result<Message, ComposeError> {
    let (draft, list) = Stage::Render.of(|| piece.content.draft(piece, stationery, links))?;
    let headers = letterhead::headers(piece, stationery, links, list, now)?;
    let mut raw = Stage::Mime.of(|| draft.write(&headers))?;
    if redirect_to.is_some() {
        raw.splice(..0, format!("X-Original-To: {}\r\n", piece.recipient).into_bytes());
    }
    if !wire::is_fit(&raw) {
        return Err(ComposeError::Wire);
    }
    Ok(Message {
        // A report about the stand-in must not be taken for one about the person, so it does not come back to us.
        return_path: match redirect_to {
            Some(stand_in) => stand_in.clone(),
            None => links.return_path(&stationery.site, piece.key)?,
        },
        recipient: redirect_to.unwrap_or(&piece.recipient).clone(),
        envid: links.envid(piece.key)?,
        raw: Stage::Sign.of(|| stationery.signer.sign(raw, now))?,
    })
}

impl Content {
    fn draft<'a>(
        &'a self,
        piece: &Piece,
        stationery: &'a Stationery,
        links: &Links,
    ) -> Result<(Draft<'a>, Option<List>), ComposeError> {
        let (site, look) = (&stationery.site, &stationery.look);
        Ok(match self {
            Self::Letter { reader, person } => {
                let letter = stationery.letter.as_ref().ok_or(ComposeError::NoLetter)?;
                let merge = letter.merge(links, *reader, (**person).clone())?;
                (Draft::Letter(letter, Box::new(merge)), Some(List::of(letter, *reader)))
            }
            Self::Test(letter) => {
                let person = Person { email: Some(piece.recipient.to_string()), ..Person::default() };
                let merge = letter.merge(links, Reader::Tester, person)?;
                (Draft::Letter(letter, Box::new(merge)), Some(List::of(letter, Reader::Tester)))
            }
            Self::Question { locale, name, opt_in, topics, days } => {
                let confirm = links.confirm_url(site, *opt_in);
                let data = system::Confirmation { name: name.clone(), topics: topics.clone(), confirm, days: *days };
                let rendered = match stationery.mailing.kind {
                    MailKind::Reminder => system::reminder(*locale, look, &data)?,
                    _ => system::confirmation(*locale, look, &data)?,
                };
                (Draft::Own(rendered), None)
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
                (Draft::Own(system::welcome(*locale, look, &data)?), Some(list))
            }
            Self::Access { locale, access } => {
                let minutes = u32::try_from(access::MINUTES).unwrap_or(u32::MAX);
                let link = links.access_url(site, *access);
                let data = system::Access { name: piece.name.clone(), link, minutes };
                (Draft::Own(system::access(*locale, look, &data)?), None)
            }
            Self::Alert(data) => (Draft::Own(system::alert(stationery.brand.locale, look, data)?), None),
        })
    }
}

/// A message but for its head.
enum Draft<'a> {
    /// A campaign, and what it says to one person.
    Letter(&'a Letter, Box<Merge>),
    /// A mail of the system's own.
    Own(Rendered),
}

impl Draft<'_> {
    fn write(self, headers: &Headers) -> Result<Vec<u8>, ComposeError> {
        Ok(match self {
            Self::Letter(letter, merge) => letter.segments.message(&merge, headers)?,
            Self::Own(rendered) => mime::message(&rendered, headers)?,
        })
    }
}
