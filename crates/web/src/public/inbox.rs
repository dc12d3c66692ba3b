use renderer::Catalogue;
use serde::Serialize;

use crate::face::Face;
use crate::pages::Page;

/// "Check your inbox": the same words whether or not the address was known.
#[derive(Clone, Serialize)]
pub(crate) struct Inbox {
    /// The address as its owner typed it, so that a slip shows.
    pub(crate) address: Option<String>,
}

impl Page for Inbox {
    const TEMPLATE: &'static str = "inbox";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.inbox.title", &[])
    }
}
