use std::fmt;

use serde::{Deserialize, Serialize};

/// What a template may ask for that is known only when a mail is made for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Field {
    Name,
    FirstName,
    LastName,
    Email,
    Company,
    Phone,
    Street,
    PostalCode,
    City,
    Country,
    Attribute(String),
    Unsubscribe,
    Preferences,
    View,
    /// What a link that is counted begins with, if this reader's are.
    Click,
    /// The picture that counts an opening, if this reader's are.
    Open,
    /// The one link that a system mail is about.
    Action,
    /// Why the person gets the mail.
    Why,
    /// The salutation of a system mail.
    Greeting,
}

/// Who writes the template: authors of campaigns may not use the fields that only our own templates need.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    Staff,
    House,
}

const FOR_STAFF: [(&str, Field); 13] = [
    ("name", Field::Name),
    ("first_name", Field::FirstName),
    ("last_name", Field::LastName),
    ("email", Field::Email),
    ("company", Field::Company),
    ("phone", Field::Phone),
    ("street", Field::Street),
    ("postal_code", Field::PostalCode),
    ("city", Field::City),
    ("country", Field::Country),
    ("links.unsubscribe", Field::Unsubscribe),
    ("links.preferences", Field::Preferences),
    ("links.view", Field::View),
];

const FOR_THE_HOUSE: [(&str, Field); 5] = [
    ("links.click", Field::Click),
    ("links.open", Field::Open),
    ("links.action", Field::Action),
    ("why", Field::Why),
    ("greeting", Field::Greeting),
];

impl Field {
    /// The field that a path in a template names.
    pub(crate) fn named(path: &str, author: Author) -> Option<Self> {
        let of_the_house: &[_] = if author == Author::House { &FOR_THE_HOUSE } else { &[] };
        FOR_STAFF.iter().chain(of_the_house).find(|(name, _)| *name == path).map(|(_, field)| field.clone()).or_else(
            || {
                path.strip_prefix("attributes.")
                    .filter(|name| is_key(name))
                    .map(|name| Self::Attribute(name.to_owned()))
            },
        )
    }

    /// Whether the value is an address that we made ourselves.
    pub(crate) fn is_link(&self) -> bool {
        matches!(self, Self::Unsubscribe | Self::Preferences | Self::View | Self::Click | Self::Open | Self::Action)
    }
}

impl fmt::Display for Field {
    /// The path that names it in a template.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, FOR_STAFF.iter().chain(&FOR_THE_HOUSE).find(|(_, field)| field == self)) {
            (Self::Attribute(key), _) => write!(f, "attributes.{key}"),
            (_, named) => f.write_str(named.map_or("", |(name, _)| name)),
        }
    }
}

/// Every name that an author can use, for an error message.
pub(crate) fn names_for_staff() -> impl fmt::Display {
    FOR_STAFF.map(|(name, _)| name).join(", ") + " and attributes.ANY"
}

/// The keys that attributes can have.
fn is_key(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_shows_as_the_path_that_names_it() {
        for path in FOR_STAFF.iter().chain(&FOR_THE_HOUSE).map(|(path, _)| *path).chain(["attributes.plan"]) {
            assert_eq!(Field::named(path, Author::House).map(|field| field.to_string()).as_deref(), Some(path));
        }
    }

    #[test]
    fn staff_cannot_name_the_fields_of_the_house() {
        assert_eq!(Field::named("why", Author::Staff), None);
        assert_eq!(Field::named("why", Author::House), Some(Field::Why));
        assert_eq!(Field::named("attributes.plan", Author::Staff), Some(Field::Attribute("plan".to_owned())));
        for path in ["attributes.", "attributes.A", "attributes.a.b", "attributes", "this", "links.action", "Name"] {
            assert_eq!(Field::named(path, Author::Staff), None, "{path}");
        }
    }
}
