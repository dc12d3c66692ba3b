use crate::Source;

/// A campaign to begin with instead of an empty page.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// The name of its folder in `templates/starters/`; the catalogue calls it `starter.SLUG.name`.
    pub slug: &'static str,
    /// The slug of the topic that it is written for.
    pub topic: &'static str,
    /// What a list of starters calls it, in English.
    pub name: &'static str,
    subject: &'static str,
    preheader: &'static str,
    mjml: &'static str,
}

const STARTERS: [Starter; 3] = [
    Starter {
        slug: "offer",
        topic: "offers",
        name: "Offer",
        subject: include_str!("../../../templates/starters/offer/subject.txt"),
        preheader: include_str!("../../../templates/starters/offer/preheader.txt"),
        mjml: include_str!("../../../templates/starters/offer/body.mjml"),
    },
    Starter {
        slug: "event",
        topic: "events",
        name: "Event invitation",
        subject: include_str!("../../../templates/starters/event/subject.txt"),
        preheader: include_str!("../../../templates/starters/event/preheader.txt"),
        mjml: include_str!("../../../templates/starters/event/body.mjml"),
    },
    Starter {
        slug: "product-news",
        topic: "product-news",
        name: "Product news",
        subject: include_str!("../../../templates/starters/product-news/subject.txt"),
        preheader: include_str!("../../../templates/starters/product-news/preheader.txt"),
        mjml: include_str!("../../../templates/starters/product-news/body.mjml"),
    },
];

impl Starter {
    /// The templates, to be copied into a new campaign.
    pub fn source(&self) -> Source {
        Source {
            subject: self.subject.trim_end().to_owned(),
            preheader: self.preheader.trim_end().to_owned(),
            mjml: self.mjml.to_owned(),
        }
    }
}

/// Every starter: an offer, an event, product news.
pub fn starters() -> &'static [Starter] {
    &STARTERS
}
