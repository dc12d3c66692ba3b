use renderer::Catalogue;
use serde::Serialize;

use crate::face::Face;
use crate::pages::Page;

/// The page that an unsubscribe link opens: one button, and nothing in its way.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unsubscribe {
    /// The topic's name, unless it is gone.
    pub(crate) topic: Option<String>,
    /// Where fewer mails, or a pause, are to be had.
    pub(crate) preferences: String,
}

impl Page for Unsubscribe {
    const TEMPLATE: &'static str = "unsubscribe";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.unsubscribe.title", &[])
    }
}

/// What the button did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unsubscribed {
    /// None: everything.
    pub(crate) topic: Option<String>,
    /// What undoes it.
    pub(crate) undo: Option<String>,
    pub(crate) preferences: String,
}

impl Page for Unsubscribed {
    const TEMPLATE: &'static str = "unsubscribed";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.unsubscribed.title", &[])
    }
}
