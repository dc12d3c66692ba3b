use std::panic;

use brands::Brand;
use domain::{CampaignId, SubscriberId, TopicNo};
use links::{Anonymous, Links, Site};
use renderer::{Catalogue, Compiled, Look, Merge, MergeLinks, Person, Rendered, Segments, Source};
use sea_orm::{ConnectionTrait, EntityTrait};
use subscribers::topic::{self, Topic};
use tokio::task::spawn_blocking;
use url::Url;

use crate::entity::campaign::Entity;
use crate::look::{look, site};
use crate::{Campaign, Counting, Draft, Error};

/// Everything that the messages of one campaign have in common: read once, rendered for each recipient.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The campaign.
    pub campaign: Campaign,
    /// Who it is from.
    pub brand: Brand,
    /// The number of the topic that it is for, as links carry it.
    pub topic: TopicNo,
    /// What people call the topic.
    pub topic_name: String,
    /// Where its links live.
    pub site: Site,
    /// The document that every message is merged from, ready for many of them.
    pub segments: Segments,
}

/// The letter of a campaign: from the document that was frozen when it was scheduled, or from the draft as it is.
pub async fn letter(conn: &impl ConnectionTrait, id: CampaignId) -> Result<Letter, Error> {
    let row = Entity::find_by_id(id).one(conn).await?.ok_or(Error::NotFound(id))?;
    let frozen = row.compiled.clone();
    let campaign = Campaign::from(row);
    let (brand, topic) = parts(conn, &campaign.draft).await?;
    let compiled = match frozen {
        Some(text) => serde_json::from_str(&text).map_err(|error| Error::Frozen(id, error))?,
        None => compile(&campaign.draft.source, look(&brand)?).await?,
    };
    let segments = Segments::new(compiled);
    Ok(Letter { site: site(&brand)?, campaign, brand, topic: topic.no, topic_name: topic.name, segments })
}

/// Who reads a mail: whom its links act for, and what its footer says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The subscriber whom it goes to.
    Subscriber(SubscriberId),
    /// Whoever gets a test mail. Its links name nobody: they work, and change nothing.
    Tester,
    /// Whoever looks at a preview. It reads as the recipient's does, but its links name nobody.
    Onlooker,
}

impl Reader {
    /// Whom the links name.
    pub const fn subscriber(self) -> SubscriberId {
        match self {
            Self::Subscriber(id) => id,
            Self::Tester | Self::Onlooker => SubscriberId::NOBODY,
        }
    }

    const fn why(self) -> &'static str {
        match self {
            Self::Subscriber(_) | Self::Onlooker => "mail.footer.why",
            Self::Tester => "mail.footer.why.test",
        }
    }
}

impl Letter {
    /// The mail for one person, to be looked at.
    pub fn render(&self, links: &Links, reader: Reader, person: Person) -> Result<Rendered, Error> {
        Ok(self.segments.compiled().render(&self.merge(links, reader, Counting::Nothing, person)?)?)
    }

    /// What the mail says to one person: for [`Segments::message`], which makes the message that is sent.
    pub fn merge(&self, links: &Links, reader: Reader, counting: Counting, person: Person) -> Result<Merge, Error> {
        let whom = self.person(reader);
        let (click, open) = self.counted(links, counting)?;
        let words = [("topic", self.topic_name.as_str()), ("brand", self.brand.name.as_str())];
        Ok(Merge {
            person,
            links: MergeLinks {
                unsubscribe: links.unsubscribe_url(&self.site, whom),
                preferences: links.preferences_url(&self.site, whom),
                // A draft that was never sent anywhere has no page yet.
                view: self.campaign.mailing.map(|mailing| links.view_url(&self.site, mailing)).transpose()?,
                click,
                open,
            },
            why: Catalogue::of(self.brand.locale).text(reader.why(), &words),
        })
    }

    /// What counted links begin with, and the picture that counts an opening.
    fn counted(&self, links: &Links, counting: Counting) -> Result<(Option<Url>, Option<Url>), Error> {
        Ok(match (counting, self.campaign.mailing) {
            (Counting::Personally(key), _) => {
                (Some(links.click_url(&self.site, key)?), Some(links.open_url(&self.site, key)?))
            }
            (Counting::Anonymously, Some(mailing)) => {
                (Some(links.anonymous_click_url(&self.site, Anonymous { mailing, variant: 0 })?), None)
            }
            (Counting::Anonymously, None) | (Counting::Nothing, _) => (None, None),
        })
    }

    /// Whom the links of this reader's mail name, in the footer and in the headers.
    pub const fn person(&self, reader: Reader) -> links::Person {
        links::Person { subscriber: reader.subscriber(), topic: self.topic }
    }
}

/// A draft that makes a mail. Compiling takes a while, so it is done outside any transaction; what it went by is looked at again inside.
pub(crate) struct Proof {
    look: Look,
    compiled: Compiled,
}

/// Proves that a draft makes a mail.
pub(crate) async fn prove(conn: &impl ConnectionTrait, draft: &Draft) -> Result<Proof, Error> {
    let look = look_of(conn, draft).await?;
    let compiled = compile(&draft.source, look.clone()).await?;
    Ok(Proof { look, compiled })
}

/// Compiles on a thread of its own: it may take most of a second, and keeps nobody waiting meanwhile.
async fn compile(source: &Source, look: Look) -> Result<Compiled, Error> {
    let source = source.clone();
    let compiled = spawn_blocking(move || renderer::compile(&source, &look)).await;
    // What it is part of is to fall over as well.
    Ok(compiled.unwrap_or_else(|ended| panic::resume_unwind(ended.into_panic()))?)
}

impl Proof {
    /// Whether the same draft makes the same mail still: nobody has changed the brand since.
    pub(crate) async fn holds(&self, conn: &impl ConnectionTrait, draft: &Draft) -> Result<bool, Error> {
        Ok(self.look == look_of(conn, draft).await?)
    }

    /// The document that goes out, as the row keeps it.
    pub(crate) fn freeze(&self, id: CampaignId) -> Result<String, Error> {
        serde_json::to_string(&self.compiled).map_err(|error| Error::Frozen(id, error))
    }
}

/// How the brand of a draft looks, whose topic must be one of its own that is not archived.
async fn look_of(conn: &impl ConnectionTrait, draft: &Draft) -> Result<Look, Error> {
    let (brand, topic) = parts(conn, draft).await?;
    if topic.archived_at.is_some() {
        return Err(Error::UnknownTopic { topic: draft.topic, brand: draft.brand });
    }
    look(&brand)
}

async fn parts(conn: &impl ConnectionTrait, draft: &Draft) -> Result<(Brand, Topic), Error> {
    let brand = brands::find(conn, draft.brand).await?.ok_or(Error::UnknownBrand(draft.brand))?;
    let topic = topic::find(conn, draft.topic).await?.filter(|topic| topic.brand == draft.brand);
    Ok((brand, topic.ok_or(Error::UnknownTopic { topic: draft.topic, brand: draft.brand })?))
}
