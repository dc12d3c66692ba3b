use std::collections::BTreeMap;

use url::Url;

/// What differs from one recipient of a campaign to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// Whom the mail goes to.
    pub person: Person,
    /// The links that are this person's alone.
    pub links: MergeLinks,
    /// Why this person gets the mail, a whole sentence for the footer (catalogue: `mail.footer.why`).
    pub why: String,
}

/// What is known of a person, as far as a template may say it. An empty text counts as unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// `{{name}}`: the name as the person wrote it.
    pub name: Option<String>,
    /// `{{first_name}}`.
    pub first_name: Option<String>,
    /// `{{last_name}}`.
    pub last_name: Option<String>,
    /// `{{email}}`.
    pub email: Option<String>,
    /// `{{company}}`.
    pub company: Option<String>,
    /// `{{phone}}`.
    pub phone: Option<String>,
    /// `{{street}}`: the postal address without town and country.
    pub street: Option<String>,
    /// `{{postal_code}}`.
    pub postal_code: Option<String>,
    /// `{{city}}`.
    pub city: Option<String>,
    /// `{{country}}`.
    pub country: Option<String>,
    /// `{{attributes.x}}`: whatever else a form or an import brought along.
    pub attributes: BTreeMap<String, String>,
}

/// The three links of every campaign's footer, and what counts a reader's openings and clicks, if anything does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeLinks {
    /// Leaves the topic: `{{links.unsubscribe}}`.
    pub unsubscribe: Url,
    /// Shows and changes what the person gets: `{{links.preferences}}`.
    pub preferences: Url,
    /// The same mail as a web page without personal values, if it has one: `{{links.view}}`.
    pub view: Option<Url>,
    /// What the other links begin with, each with its number behind it, if it is counted when they are followed. Otherwise they lead
    /// straight to where they lead.
    pub click: Option<Url>,
    /// The picture that says that the mail was opened; without it there is none.
    pub open: Option<Url>,
}
