use renderer::Catalogue;
use serde::Serialize;

use crate::face::Face;
use crate::pages::Page;

/// A few words and nothing to do.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    /// The key of the title in the catalogue; the words below stand beside it.
    #[serde(skip)]
    key: &'static str,
    lead: String,
    good: bool,
}

impl Message {
    /// Good news: what was asked for is done.
    pub(crate) fn done(key: &'static str, words: &Catalogue, face: &Face) -> Self {
        Self { key, lead: words.text(&format!("{key}.lead"), &[("brand", &face.name)]), good: true }
    }

    /// No news: why it is not.
    pub(crate) fn failed(key: &'static str, words: &Catalogue, face: &Face) -> Self {
        Self { good: false, ..Self::done(key, words, face) }
    }
}

impl Page for Message {
    const TEMPLATE: &'static str = "message";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text(&format!("{}.title", self.key), &[])
    }
}
