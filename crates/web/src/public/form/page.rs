use renderer::Catalogue;
use serde::Serialize;
use subscribers::form::{Field, FieldSpec, Version};
use subscribers::topic;

use super::sign_up::{Filled, LONGEST, Reason};
use crate::face::Face;
use crate::pages::Page;
use crate::public::field::{self, Topic};

/// A sign-up form, empty or come back with what is wrong.
#[derive(Clone, Serialize)]
pub(crate) struct FormPage {
    pub(crate) heading: String,
    pub(crate) intro: String,
    pub(crate) errors: Vec<Fault>,
    pub(crate) fields: Vec<field::Field>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) topics_error: Option<String>,
    /// The version whose words the reader sees.
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

impl Page for FormPage {
    const TEMPLATE: &'static str = "form";
    const PUBLIC: bool = true;

    fn title(&self, _: &Catalogue, _: &Face) -> String {
        self.heading.clone()
    }
}

impl FormPage {
    pub(super) fn new(
        version: &Version,
        offered: &[topic::Topic],
        filled: &Filled,
        reasons: &[Reason],
        words: &'static Catalogue,
        stamp: String,
    ) -> Self {
        let definition = &version.definition;
        let mut page = Self {
            heading: definition.title.clone(),
            intro: definition.intro.clone(),
            errors: Vec::new(),
            fields: std::iter::once(email(filled, words))
                .chain(definition.fields.iter().map(|spec| asked(spec, filled)))
                .collect(),
            topics: offered.iter().map(|topic| ticked(topic, filled)).collect(),
            topics_error: None,
            version: version.id.to_string(),
            consent: version.consent_words.clone(),
            consent_given: filled.consent == version.id.to_string(),
            consent_error: None,
            stamp,
            submit: definition.button.clone(),
        };
        for reason in reasons {
            page.explain(reason, words);
        }
        page
    }

    /// Puts the words for a reason beside its field and on top.
    fn explain(&mut self, reason: &Reason, words: &Catalogue) {
        let text = |key: &str| words.text(&format!("page.form.error.{key}"), &[]);
        let longest = LONGEST.to_string();
        match reason {
            Reason::TooFast => self.list("submit", text("again")),
            Reason::Stale => self.list("submit", text("stale")),
            Reason::Email => self.blame("email", text("email")),
            Reason::Unreachable => self.blame("email", text("unreachable")),
            Reason::Missing(field) => self.blame(field.as_str(), text("required")),
            Reason::Long(field) => {
                self.blame(field.as_str(), words.text("page.form.error.long", &[("count", &longest)]));
            }
            Reason::Unfit(field) => self.blame(field, text("field")),
            Reason::NoTopic => {
                let first = self.topics.first().map_or_else(|| "topics".to_owned(), |topic| topic.id.clone());
                self.topics_error = Some(text("topics"));
                self.list(&first, text("topics"));
            }
            Reason::NoConsent => {
                self.consent_error = Some(text("consent"));
                self.list("consent", text("consent"));
            }
            Reason::OtherWords => {
                self.consent_error = Some(text("changed"));
                self.list("consent", text("changed"));
            }
        }
    }

    fn blame(&mut self, name: &str, words: String) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.error = Some(words.clone());
            let label = field.label.clone();
            self.list(name, format!("{label}: {words}"));
        }
    }

    fn list(&mut self, id: &str, words: String) {
        self.errors.push(Fault { id: id.to_owned(), words });
    }
}

fn email(filled: &Filled, words: &Catalogue) -> field::Field {
    field::Field {
        id: "email".to_owned(),
        name: "email",
        label: words.text("page.form.field.email", &[]),
        kind: "email",
        autocomplete: "email",
        required: true,
        // RFC 5321 §4.5.3.1.3.
        longest: 254,
        value: filled.email.clone(),
        ..field::Field::default()
    }
}

fn asked(spec: &FieldSpec, filled: &Filled) -> field::Field {
    field::Field {
        label: spec.label.clone(),
        required: spec.required,
        value: filled.of(spec.field).to_owned(),
        ..blank(spec.field)
    }
}

/// What is the same about a field on every form.
pub(crate) fn blank(field: Field) -> field::Field {
    let (kind, autocomplete) = match field {
        Field::Name => ("text", "name"),
        Field::Company => ("text", "organization"),
        Field::Phone => ("tel", "tel"),
        Field::PostalAddress => ("text", "street-address"),
    };
    field::Field {
        id: field.as_str().to_owned(),
        name: field.as_str(),
        kind,
        autocomplete,
        multiline: field == Field::PostalAddress,
        half: matches!(field, Field::Phone | Field::Company),
        longest: LONGEST,
        ..field::Field::default()
    }
}

fn ticked(topic: &topic::Topic, filled: &Filled) -> Topic {
    let topic = Topic::from(topic);
    Topic { chosen: filled.topics.contains(&topic.value), ..topic }
}
