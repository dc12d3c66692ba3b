use campaigns::{Counting, Letter, Reader};
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

/// Whom a message goes to.
pub(super) struct Addressee<'a> {
    pub(super) key: DeliveryKey,
    pub(super) recipient: &'a EmailAddress,
    pub(super) name: Option<&'a str>,
}

/// What a message says.
#[derive(Debug)]
pub(super) enum Content {
    /// A campaign, to one of its readers.
    Letter { reader: Reader, counting: Counting, person: Box<Person> },
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

/// The message of a piece, not signed yet, with its envelope, which may name a stand-in instead of the recipient.
pub(crate) fn compose(
    piece: Piece,
    stationery: &Stationery,
    links: &Links,
    redirect_to: Option<&EmailAddress>,
    cfbl: bool,
    now: DateTime<Utc>,
) -> Result<Message, ComposeError> {
    let Piece { key, recipient, name, content, .. } = piece;
    let addressee = Addressee { key, recipient: &recipient, name: name.as_deref() };
    let (draft, list) = Stage::Render.of(|| content.draft(&addressee, stationery, links))?;
    // A stand-in's complaint would not be the person's either.
    let cfbl = cfbl && redirect_to.is_none();
    let headers = letterhead::headers(&addressee, stationery, links, list, cfbl, now)?;
    let mut raw = Stage::Mime.of(|| draft.write(&headers))?;
    if redirect_to.is_some() {
        raw.splice(..0, format!("X-Original-To: {recipient}\r\n").into_bytes());
    }
    if !wire::is_fit(&raw) {
        return Err(ComposeError::Wire);
    }
    Ok(Message {
        // A report about the stand-in must not be taken for one about the person, so it does not come back to us.
        return_path: match redirect_to {
            Some(stand_in) => stand_in.clone(),
            None => links.return_path(&stationery.site, key)?,
        },
        envid: links.envid(key)?,
        raw,
        recipient: redirect_to.cloned().unwrap_or(recipient),
    })
}

impl Content {
    fn draft<'a>(
        self,
        to: &Addressee<'_>,
        stationery: &'a Stationery,
        links: &Links,
    ) -> Result<(Draft<'a>, Option<List>), ComposeError> {
        let (site, look) = (&stationery.site, &stationery.look);
        Ok(match self {
            Self::Letter { reader, counting, person } => {
                let letter = stationery.letter.as_ref().ok_or(ComposeError::NoLetter)?;
                let merge = letter.merge(links, reader, counting, *person)?;
                let list = List::of(letter, reader, &merge);
                (Draft::Letter(letter, Box::new(merge)), Some(list))
            }
            Self::Test(letter) => {
                let person = Person { email: Some(to.recipient.to_string()), ..Person::default() };
                let merge = letter.merge(links, Reader::Tester, Counting::Nothing, person)?;
                let list = List::of(&letter, Reader::Tester, &merge);
                (Draft::Test(letter, Box::new(merge)), Some(list))
            }
            Self::Question { locale, name, opt_in, topics, days } => {
                let data = system::Confirmation { name, topics, confirm: links.confirm_url(site, opt_in), days };
                let rendered = match stationery.mailing.kind {
                    MailKind::Reminder => system::reminder(locale, look, &data)?,
                    _ => system::confirmation(locale, look, &data)?,
                };
                (Draft::Own(rendered), None)
            }
            Self::Welcome { locale, subscriber, topics } => {
                let first = topics.first().ok_or(ComposeError::NoTopic)?;
                let person = links::Person { subscriber, topic: first.no };
                let data = system::Welcome {
                    name: to.name.map(str::to_owned),
                    topics: topics.iter().map(|topic| topic.name.clone()).collect(),
                    preferences: links.preferences_url(site, person),
                    unsubscribe: links.unsubscribe_url(site, person),
                };
                let list = List { person, topic: first.name.clone(), unsubscribe: data.unsubscribe.clone() };
                (Draft::Own(system::welcome(locale, look, &data)?), Some(list))
            }
            Self::Access { locale, access } => {
                let minutes = u32::try_from(access::MINUTES).unwrap_or(u32::MAX);
                let link = links.access_url(site, access);
                let data = system::Access { name: to.name.map(str::to_owned), link, minutes };
                (Draft::Own(system::access(locale, look, &data)?), None)
            }
            Self::Alert(data) => (Draft::Own(system::alert(stationery.brand.locale, look, &data)?), None),
        })
    }
}

/// A message but for its head.
enum Draft<'a> {
    /// A campaign, and what it says to one person.
    Letter(&'a Letter, Box<Merge>),
    /// A campaign as it is now.
    Test(Box<Letter>, Box<Merge>),
    /// A mail of the system's own.
    Own(Rendered),
}

impl Draft<'_> {
    fn write(self, headers: &Headers) -> Result<Vec<u8>, ComposeError> {
        Ok(match self {
            Self::Letter(letter, merge) => letter.segments.message(&merge, headers)?,
            Self::Test(letter, merge) => letter.segments.message(&merge, headers)?,
            Self::Own(rendered) => mime::message(&rendered, headers)?,
        })
    }
}
