use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use domain::{Actor, EmailAddress, Locale, MailboxProvider, SubscriberId};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::entity::subscriber::Model;
use crate::private::{Private, Stars};

/// What a person told about themselves. Everything but the address is up to them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The company that they work for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// A telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// A street address, as many lines as it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<String>,
    /// Fields of the installation's own, for segments and merging.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// A person on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// Their id.
    pub id: SubscriberId,
    /// Where their mail goes.
    pub email: EmailAddress,
    /// What they told.
    pub profile: Profile,
    /// Their language.
    pub locale: Locale,
    /// Who keeps their mailbox.
    pub provider: MailboxProvider,
    /// Whether they agreed with some brand to be counted one by one when they open and click.
    pub tracking_consent: bool,
    /// Soft failures since the last success, one a day at most.
    pub score: i32,
    /// When a mail was last known to have reached them.
    pub last_success_at: Option<DateTime<Utc>>,
    /// Grows by one with every change of the address, the profile or the language.
    pub version: i64,
    /// When they came on file.
    pub created_at: DateTime<Utc>,
    /// By whose act.
    pub created_by: Actor,
    /// When they were changed last.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Actor,
}

impl Profile {
    /// The longest text of one field.
    const LONGEST: usize = 500;
    /// The most fields of the installation's own.
    const MOST_ATTRIBUTES: usize = 50;

    /// The profile without empty fields and white space at the ends, or the field that cannot be kept.
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let mut attributes = BTreeMap::new();
        for (name, value) in self.attributes {
            if !is_attribute_name(&name) {
                return Err(Error::Attribute(name));
            }
            if let Some(value) = checked("attributes", Some(value), true)? {
                attributes.insert(name, value);
            }
        }
        if attributes.len() > Self::MOST_ATTRIBUTES {
            return Err(Error::Invalid { field: "attributes", words: "must be 50 fields at most" });
        }
        Ok(Self {
            name: checked("name", self.name, false)?,
            company: checked("company", self.company, false)?,
            phone: checked("phone", self.phone, false)?,
            postal_address: checked("postal_address", self.postal_address, true)?,
            attributes,
        })
    }

    /// What is told here, and for the rest what was known before.
    pub(crate) fn over(self, before: Self) -> Self {
        let mut attributes = before.attributes;
        attributes.extend(self.attributes);
        Self {
            name: self.name.or(before.name),
            company: self.company.or(before.company),
            phone: self.phone.or(before.phone),
            postal_address: self.postal_address.or(before.postal_address),
            attributes,
        }
    }
}

/// Masked, as an address is: which fields are filled, and nothing that stands in them.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, company, phone, postal_address, attributes } = self;
        let masked = |value: &Option<String>| Stars::over(value.as_ref());
        f.debug_struct("Profile")
            .field("name", &masked(name))
            .field("company", &masked(company))
            .field("phone", &masked(phone))
            .field("postal_address", &masked(postal_address))
            .field("attributes", &attributes.len())
            .finish()
    }
}

fn checked(field: &'static str, value: Option<String>, lines: bool) -> Result<Option<String>, Error> {
    let Some(value) = value.map(|value| value.trim().replace("\r\n", "\n")).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    if value.chars().count() > Profile::LONGEST {
        return Err(Error::Invalid { field, words: "must have 500 characters at most" });
    }
    if value.chars().any(|c| c.is_control() && !(lines && c == '\n')) {
        return Err(Error::Invalid { field, words: "must hold no control characters" });
    }
    Ok(Some(value))
}

/// A name that a merge field can have: `attributes.customer_no`.
fn is_attribute_name(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=40).contains(&name.len()) && name.bytes().all(known) && !name.starts_with(|c: char| c.is_ascii_digit())
}

impl TryFrom<Model> for Subscriber {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let told = [row.name, row.company, row.phone, row.postal_address];
        Ok(Self {
            id: row.id,
            email: row.email,
            profile: profile(row.id, told, &row.attributes)?,
            locale: row.locale,
            provider: row.provider,
            tracking_consent: row.tracking_consent,
            score: row.score,
            last_success_at: row.last_success_at,
            version: row.version,
            created_at: row.created_at,
            created_by: row.created_by,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        })
    }
}

/// A profile as its row has it.
pub(crate) fn profile(id: SubscriberId, told: [Option<Private>; 4], attributes: &Private) -> Result<Profile, Error> {
    let [name, company, phone, postal_address] = told.map(|value| value.map(|value| value.0));
    let attributes = serde_json::from_str(&attributes.0).map_err(|_| Error::Row(id))?;
    Ok(Profile { name, company, phone, postal_address, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Profile {
        Profile { name: Some(name.to_owned()), ..Profile::default() }
    }

    #[test]
    fn a_field_is_trimmed_and_an_empty_one_is_none() {
        assert_eq!(named("  Ada ").checked().unwrap(), named("Ada"));
        assert_eq!(named(" \n").checked().unwrap(), Profile::default());
    }

    #[test]
    fn a_field_that_could_break_a_header_is_refused_by_name() {
        let refused = named("Ada\r\nBcc: all@example.com").checked().unwrap_err();
        assert!(matches!(refused, Error::Invalid { field: "name", .. }));
        assert!(matches!(named(&"x".repeat(501)).checked(), Err(Error::Invalid { field: "name", .. })));
    }

    #[test]
    fn what_is_shown_for_debugging_says_nothing_about_the_person() {
        let profile = Profile {
            company: Some("Analytical".to_owned()),
            phone: Some("0123".to_owned()),
            postal_address: Some("Marylebone".to_owned()),
            attributes: [("shoe".to_owned(), "forty".to_owned())].into(),
            ..named("Ada")
        };
        let masked = "Profile { name: Some(***), company: Some(***), phone: Some(***), postal_address: Some(***), \
                      attributes: 1 }";
        assert_eq!(format!("{profile:?}"), masked);
        assert!(format!("{:?}", Profile::default()).starts_with("Profile { name: None,"));
        let change = crate::Change { email: "ada@example.com".parse().ok(), profile: Some(profile), locale: None };
        for told in ["Ada", "ada@", "Analytical", "0123", "Marylebone", "shoe", "forty"] {
            assert!(!format!("{change:#?}").contains(told), "{told}");
        }
    }

    #[test]
    fn an_attribute_has_a_name_that_a_merge_field_can_have() {
        let with =
            |name: &str| Profile { attributes: [(name.to_owned(), "7".to_owned())].into(), ..Profile::default() };
        assert!(with("customer_no").checked().is_ok());
        assert!(matches!(with("Customer No").checked(), Err(Error::Attribute(_))));
    }

    #[test]
    fn what_is_told_anew_goes_over_what_was_known() {
        let before = Profile { phone: Some("1".to_owned()), ..named("Ada") };
        let told = named("Ada Lovelace");
        assert_eq!(told.over(before), Profile { phone: Some("1".to_owned()), ..named("Ada Lovelace") });
    }
}
