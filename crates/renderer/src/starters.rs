use crate::Source;

/// A campaign to begin with instead of an empty page.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// The name of its folder in `templates/starters/`, and of the topic that it is written for.
    pub slug: &'static str,
    /// The slug of the topic that it is written for.
    pub topic: &'static str,
    /// What a list of starters calls it (English; the catalogue has `starter.SLUG.name`).
    pub name: &'static str,
    subject: &'static str,
    preheader: &'static str,
    mjml: &'static str,
}

impl Starter {
    /// The templates, to be copied into a new campaign.
    pub fn source(&self) -> Source {
        Source { subject: self.subject.to_owned(), preheader: self.preheader.to_owned(), mjml: self.mjml.to_owned() }
    }
}

/// Every starter: an offer, an event, product news.
pub fn starters() -> &'static [Starter] {
    &[]
}
