use renderer::Catalogue;
use serde::Serialize;

use super::field::Field;
use super::preferences::Notice;
use crate::face::Face;
use crate::pages::Page;

/// The page that a mailed single-use link opens: a button, because opening uses the link up.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Open {}

impl Page for Open {
    const TEMPLATE: &'static str = "access-open";

    fn title(&self, words: &Catalogue, face: &Face) -> String {
        words.text("page.access_open.title", &[("brand", &face.name)])
    }
}

/// Everything that the brand keeps about a person, and what they can do with it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Access {
    pub(crate) notice: Option<Notice>,
    pub(crate) address: String,
    /// Proves to the next post that this page was opened by the link.
    pub(crate) pass: String,
    pub(crate) topics: Vec<Standing>,
    pub(crate) fields: Vec<Field>,
    pub(crate) history: Vec<Event>,
}

/// A topic and how the person stands to it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Standing {
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) subscribed: bool,
}

/// One entry of the consent ledger.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) at: String,
    pub(crate) date: String,
    pub(crate) words: String,
}

impl Page for Access {
    const TEMPLATE: &'static str = "access";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.access.title", &[])
    }
}
