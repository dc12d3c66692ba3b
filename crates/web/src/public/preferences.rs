use renderer::Catalogue;
use serde::Serialize;

use super::field::Topic;
use crate::face::Face;
use crate::pages::Page;

/// What whoever holds a mail may change: leave topics, pause, unsubscribe from everything.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Preferences {
    pub(crate) notice: Option<Notice>,
    /// The topics that the person gets now.
    pub(crate) topics: Vec<Topic>,
    /// Until when the person pauses, if at all.
    pub(crate) paused: Option<String>,
}

/// What was just done.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Notice {
    pub(crate) words: String,
    /// What undoes it.
    pub(crate) undo: Option<String>,
}

impl Page for Preferences {
    const TEMPLATE: &'static str = "preferences";

    fn title(&self, words: &Catalogue, face: &Face) -> String {
        words.text("page.preferences.title", &[("brand", &face.name)])
    }
}
