use domain::{EmailAddress, TopicId};
use subscribers::Profile;
use subscribers::form::{Field, Version};
use subscribers::opt_in::Request;
use subscribers::topic::Topic;

use crate::client::Client;
use crate::public::posted::Posted;

/// The most characters of one field that can be kept.
pub(super) const LONGEST: usize = 500;

/// What a person wrote, before anything is known to be right.
#[derive(Clone, Default)]
pub(crate) struct Filled {
    pub(super) email: String,
    pub(super) fields: Vec<(Field, String)>,
    pub(super) topics: Vec<String>,
    /// The version whose words were agreed to.
    pub(super) consent: String,
}

/// Why a form comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It came back faster than a person writes.
    TooFast,
    /// It was handed out too long ago.
    Stale,
    /// The address is none.
    Email,
    /// The address is one to which no mail can be sent.
    Unreachable,
    /// A field is empty and must not be.
    Missing(Field),
    /// A field is longer than can be kept.
    Long(Field),
    /// A field, by its name, cannot be kept as it is.
    Unfit(&'static str),
    /// No topic is ticked.
    NoTopic,
    /// The words are not agreed to.
    NoConsent,
    /// The words have changed since.
    OtherWords,
}

impl Filled {
    pub(super) fn read(posted: &Posted, version: &Version) -> Self {
        let asked = version.definition.fields.iter().map(|spec| spec.field);
        Self {
            email: posted.one("email").to_owned(),
            fields: asked.map(|field| (field, posted.one(field.as_str()).to_owned())).collect(),
            topics: posted.all("topic").map(str::to_owned).collect(),
            consent: posted.one("consent").to_owned(),
        }
    }

    pub(super) fn of(&self, field: Field) -> &str {
        self.fields.iter().find(|(asked, _)| *asked == field).map_or("", |(_, value)| value)
    }

    /// All that a person can put right.
    pub(super) fn check(&self, version: &Version, offered: &[Topic]) -> Vec<Reason> {
        let mut reasons = Vec::new();
        match self.email.parse::<EmailAddress>().map(|email| email.check_reachable()) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => reasons.push(Reason::Unreachable),
            Err(_) => reasons.push(Reason::Email),
        }
        for spec in &version.definition.fields {
            match self.of(spec.field) {
                "" if spec.required => reasons.push(Reason::Missing(spec.field)),
                value if value.chars().count() > LONGEST => reasons.push(Reason::Long(spec.field)),
                _ => {}
            }
        }
        if !offered.iter().any(|topic| self.topics.contains(&topic.id.to_string())) {
            reasons.push(Reason::NoTopic);
        }
        if self.consent.is_empty() {
            reasons.push(Reason::NoConsent);
        } else if self.consent != version.id.to_string() {
            reasons.push(Reason::OtherWords);
        }
        reasons
    }

    /// The request that it makes, if every part of it can be read.
    pub(super) fn request(&self, version: &Version, client: &Client) -> Option<Request> {
        let told = |field| Some(self.of(field).to_owned()).filter(|value| !value.is_empty());
        let topics: Result<Vec<TopicId>, _> = self.topics.iter().map(|id| id.parse()).collect();
        Some(Request {
            form_version: version.id,
            email: self.email.parse().ok()?,
            profile: Profile {
                name: told(Field::Name),
                company: told(Field::Company),
                phone: told(Field::Phone),
                postal_address: told(Field::PostalAddress),
                ..Profile::default()
            },
            topics: topics.ok()?,
            locale: version.locale,
            evidence: client.evidence(),
        })
    }
}
