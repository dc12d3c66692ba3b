use url::Url;

use crate::field::Field;
use crate::{Merge, Person};

/// Where a program finds the values of its fields while it makes one mail.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Values<'a> {
    pub(crate) person: Option<&'a Person>,
    pub(crate) greeting: &'a str,
    pub(crate) why: &'a str,
    pub(crate) unsubscribe: Option<&'a Url>,
    pub(crate) preferences: Option<&'a Url>,
    pub(crate) view: Option<&'a Url>,
    pub(crate) click: Option<&'a Url>,
    pub(crate) open: Option<&'a Url>,
    pub(crate) action: Option<&'a Url>,
}

impl<'a> Values<'a> {
    /// The value of a field, if there is one to show.
    pub(crate) fn get(&self, field: &Field) -> Option<&'a str> {
        let of_person = |value: fn(&'a Person) -> &'a Option<String>| self.person.and_then(|p| value(p).as_deref());
        let value = match field {
            Field::Name => of_person(|p| &p.name),
            Field::FirstName => of_person(|p| &p.first_name),
            Field::LastName => of_person(|p| &p.last_name),
            Field::Email => of_person(|p| &p.email),
            Field::Company => of_person(|p| &p.company),
            Field::Phone => of_person(|p| &p.phone),
            Field::Street => of_person(|p| &p.street),
            Field::PostalCode => of_person(|p| &p.postal_code),
            Field::City => of_person(|p| &p.city),
            Field::Country => of_person(|p| &p.country),
            Field::Attribute(key) => self.person.and_then(|p| p.attributes.get(key)).map(String::as_str),
            Field::Unsubscribe => self.unsubscribe.map(Url::as_str),
            Field::Preferences => self.preferences.map(Url::as_str),
            Field::View => self.view.map(Url::as_str),
            Field::Click => self.click.map(Url::as_str),
            Field::Open => self.open.map(Url::as_str),
            Field::Action => self.action.map(Url::as_str),
            Field::Why => Some(self.why),
            Field::Greeting => Some(self.greeting),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}

impl<'a> From<&'a Merge> for Values<'a> {
    fn from(merge: &'a Merge) -> Self {
        Self {
            person: Some(&merge.person),
            why: &merge.why,
            unsubscribe: Some(&merge.links.unsubscribe),
            preferences: Some(&merge.links.preferences),
            view: merge.links.view.as_ref(),
            click: merge.links.click.as_ref(),
            open: merge.links.open.as_ref(),
            ..Self::default()
        }
    }
}
