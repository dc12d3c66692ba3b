//! The mails that eshot writes by itself: confirmation, reminder, welcome, access.
//!
//! Their words come from `locales/`, their shape from `templates/mail/`.

use domain::Locale;
use url::Url;

use crate::{Look, Rendered, TemplateError};

/// What a confirmation or its reminder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The name that was typed into the form. Anybody can type anything there.
    pub name: Option<String>,
    /// The public names of the topics.
    pub topics: Vec<String>,
    /// The page with the button.
    pub confirm: Url,
    /// For how many days the link works.
    pub days: u32,
}

/// What a welcome says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The person's name.
    pub name: Option<String>,
    /// The public names of the topics.
    pub topics: Vec<String>,
    /// Shows and changes what the person gets.
    pub preferences: Url,
    /// Leaves the topic.
    pub unsubscribe: Url,
}

/// What the mail with a single-use link says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The person's name.
    pub name: Option<String>,
    /// The single-use link.
    pub link: Url,
    /// For how many minutes the link works.
    pub minutes: u32,
}

/// The mail that asks whether a sign-up was meant.
pub fn confirmation(locale: Locale, look: &Look, data: &Confirmation) -> Result<Rendered, TemplateError> {
    let _ = (locale, look, data);
    todo!()
}

/// The same question once more.
pub fn reminder(locale: Locale, look: &Look, data: &Confirmation) -> Result<Rendered, TemplateError> {
    let _ = (locale, look, data);
    todo!()
}

/// The first mail after a confirmation.
pub fn welcome(locale: Locale, look: &Look, data: &Welcome) -> Result<Rendered, TemplateError> {
    let _ = (locale, look, data);
    todo!()
}

/// The single-use link to a person's own data that the person asked for.
pub fn access(locale: Locale, look: &Look, data: &Access) -> Result<Rendered, TemplateError> {
    let _ = (locale, look, data);
    todo!()
}
