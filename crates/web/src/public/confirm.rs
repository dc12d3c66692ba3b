use renderer::Catalogue;
use serde::Serialize;

use super::field::Topic;
use crate::face::Face;
use crate::pages::Page;

/// The page that a confirmation mail's link opens: one button.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Confirm {
    pub(crate) topics: Vec<Topic>,
}

impl Page for Confirm {
    const TEMPLATE: &'static str = "confirm";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.confirm.title", &[])
    }
}

/// What the button did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Confirmed {
    /// It was pressed before.
    pub(crate) already: bool,
    pub(crate) topics: Vec<Topic>,
}

impl Page for Confirmed {
    const TEMPLATE: &'static str = "confirmed";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text(if self.already { "page.confirmed.already_title" } else { "page.confirmed.title" }, &[])
    }
}

/// The link came too late; a button sends another.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Expired {}

impl Page for Expired {
    const TEMPLATE: &'static str = "expired";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.expired.title", &[])
    }
}
