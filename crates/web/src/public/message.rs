use renderer::Catalogue;
use serde::Serialize;

use crate::face::Face;
use crate::pages::Page;

/// A few words and nothing to do.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    #[serde(skip)]
    title: String,
    lead: String,
    good: bool,
}

impl Message {
    /// The words that stand under `key` in the catalogue, as `.title` and `.lead`: good news, or why there is none.
    pub(crate) fn new(good: bool, key: &str, words: &Catalogue, face: &Face) -> Self {
        let text = |part: &str| words.text(&format!("{key}.{part}"), &[("brand", &face.name)]);
        Self { title: text("title"), lead: text("lead"), good }
    }
}

impl Page for Message {
    const TEMPLATE: &'static str = "message";

    fn title(&self, _: &Catalogue, _: &Face) -> String {
        self.title.clone()
    }
}
