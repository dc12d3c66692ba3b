use axum::response::{Html, IntoResponse, Response};
use brands::Brand;
use chrono::{DateTime, Utc};
use domain::{BrandId, Locale, SubscriberId};
use links::Person;
use renderer::Catalogue;
use subscribers::topic::Topic;
use subscribers::{Evidence, topic};

use super::Failure;
use crate::WebState;
use crate::client::Client;
use crate::face::Face;
use crate::language::{self, Language};
use crate::pages::Page;

/// A brand's page in the making: in whose name it speaks, and in which language.
pub(super) struct Door<'a> {
    pub(super) state: &'a WebState,
    pub(super) brand: Brand,
    pub(super) face: Face,
    pub(super) words: &'static Catalogue,
}

impl<'a> Door<'a> {
    pub(super) fn new(state: &'a WebState, brand: Brand, locale: Locale) -> Self {
        Self { state, face: Face::of(&brand), words: Catalogue::of(locale), brand }
    }

    /// The door of a brand, in the reader's language or else the brand's.
    pub(super) async fn find(state: &'a WebState, brand: BrandId, language: Language) -> Result<Self, Failure> {
        let brand = brands::find(state.db.reader(), brand).await?.ok_or(Failure::None)?;
        let locale = language.or(brand.locale);
        Ok(Self::new(state, brand, locale))
    }

    /// The door that a footer's token opens, and the topic that its mail was about.
    pub(super) async fn of_person(
        state: &'a WebState,
        person: Person,
        language: Language,
    ) -> Result<(Self, Topic), Failure> {
        let topic = topic::find_by_no(state.db.reader(), person.topic).await?.ok_or(Failure::None)?;
        Ok((Self::find(state, topic.brand, language).await?, topic))
    }

    /// The page, as an answer.
    pub(super) fn page(&self, page: &impl Page) -> Result<Response, Failure> {
        let html = self.state.pages.render(&self.face, self.words.locale(), page)?;
        Ok(([("x-robots-tag", "noindex, nofollow")], Html(html)).into_response())
    }

    pub(super) fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.text(key, values)
    }

    pub(super) fn date(&self, at: DateTime<Utc>) -> String {
        language::date(self.words, at)
    }
}

/// Whether a link is a test mail's: it shows pages and changes nothing.
pub(super) fn is_test(person: Person) -> bool {
    person.subscriber == SubscriberId::NOBODY
}

impl Client {
    /// What the ledger keeps of whoever asked.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence { ip: self.address, user_agent: self.user_agent.clone() }
    }
}
