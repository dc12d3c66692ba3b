use renderer::Catalogue;
use serde::Serialize;

use super::field::{Field, Topic};
use crate::face::Face;
use crate::pages::Page;

/// A sign-up form, empty or come back with what is wrong.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Form {
    pub(crate) heading: String,
    pub(crate) intro: String,
    pub(crate) errors: Vec<Fault>,
    pub(crate) fields: Vec<Field>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) topics_error: Option<String>,
    /// The version whose words the reader saw.
    pub(crate) version: String,
    /// The words that they agree to, as they stand in the ledger.
    pub(crate) consent: String,
    pub(crate) consent_given: bool,
    pub(crate) consent_error: Option<String>,
    pub(crate) stamp: String,
    pub(crate) submit: String,
}

/// What is wrong, and where to put it right.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fault {
    pub(crate) id: String,
    pub(crate) words: String,
}

impl Page for Form {
    const TEMPLATE: &'static str = "form";
    const PUBLIC: bool = true;

    fn title(&self, _: &Catalogue, _: &Face) -> String {
        self.heading.clone()
    }
}
