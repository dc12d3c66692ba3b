//! The mails that eshot writes by itself: confirmation, reminder, welcome, access, and alerts to staff.
//!
//! Their words come from `locales/`, their shape from `templates/mail/`.

use domain::Locale;
use url::Url;

use crate::compile;
use crate::error::{Part, Problem, RenderError, TemplateError};
use crate::field::Author;
use crate::values::Values;
use crate::{Catalogue, Look, Rendered, Source};

const MJML: &str = include_str!("../../../templates/mail/letter.mjml");

/// The same without a button and a salutation.
const NOTICE: &str = include_str!("../../../templates/mail/notice.mjml");

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

/// What an alert to staff says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What goes wrong, as the catalogue spells it: `refusals`, `hard_bounces`, `complaints`, `unfit`.
    pub cause: &'static str,
    /// Whether something was stopped, or only noticed.
    pub stopped: bool,
    /// Whether the campaign is over by the time that the mail is written.
    pub over: bool,
    /// The campaign's name, or none where it is about a mailbox provider.
    pub campaign: Option<String>,
    /// The provider's name, or none where it is about a campaign.
    pub provider: Option<String>,
    /// How many, and of how many, where that was counted.
    pub share: Option<(u32, u32)>,
    /// The provider's own words, or none.
    pub words: String,
}

/// The mail that asks whether a sign-up was meant.
pub fn confirmation(locale: Locale, look: &Look, data: &Confirmation) -> Result<Rendered, TemplateError> {
    question("mail.confirmation", locale, look, data)
}

/// The same question once more.
pub fn reminder(locale: Locale, look: &Look, data: &Confirmation) -> Result<Rendered, TemplateError> {
    question("mail.reminder", locale, look, data)
}

/// The first mail after a confirmation.
pub fn welcome(locale: Locale, look: &Look, data: &Welcome) -> Result<Rendered, TemplateError> {
    let words = Catalogue::of(locale);
    let topics = words.list(&data.topics);
    let letter = Letter {
        locale,
        look,
        key: "mail.welcome",
        topics: &topics,
        after: words.text("mail.welcome.promise", &[]),
        note: String::new(),
    };
    letter.write(
        data.name.as_deref(),
        &Values {
            why: &words.text("mail.welcome.why", &[("topics", &topics)]),
            action: Some(&data.preferences),
            preferences: Some(&data.preferences),
            unsubscribe: Some(&data.unsubscribe),
            ..Values::default()
        },
    )
}

/// The single-use link to a person's own data that the person asked for.
pub fn access(locale: Locale, look: &Look, data: &Access) -> Result<Rendered, TemplateError> {
    let words = Catalogue::of(locale);
    let letter = Letter {
        locale,
        look,
        key: "mail.access",
        topics: "",
        after: words.count("mail.access.expiry", data.minutes.into(), &[]),
        note: words.text("mail.access.not_you", &[]),
    };
    letter.write(
        data.name.as_deref(),
        &Values {
            why: &words.text("mail.access.why", &[("brand", &look.brand)]),
            action: Some(&data.link),
            ..Values::default()
        },
    )
}

/// The mail that tells staff what went wrong.
pub fn alert(locale: Locale, look: &Look, data: &Alert) -> Result<Rendered, TemplateError> {
    let words = Catalogue::of(locale);
    let name = data.campaign.as_deref().or(data.provider.as_deref()).unwrap_or_default();
    let what = if data.campaign.is_some() { "campaign" } else { "provider" };
    let level = if data.stopped { "pause" } else { "warning" };
    let next = if data.over && !data.stopped { "over" } else { level };
    let (count, of) = data.share.unwrap_or_default();
    let values = [("name", name), ("count", &count.to_string()), ("of", &of.to_string())];
    let counted = if data.share.is_some() { data.cause } else { "uncounted" };
    let subject = words.text(&format!("mail.alert.{what}.{level}"), &values);
    let body = words.text(&format!("mail.alert.{counted}"), &values);
    let note = match data.words.as_str() {
        "" => String::new(),
        said => words.text("mail.alert.said", &[("words", said)]),
    };
    let constants = [
        ("subject", subject.clone()),
        ("preheader", body.clone()),
        ("heading", subject),
        ("body", body),
        ("after", words.text(&format!("mail.alert.{what}.{next}.next"), &values)),
        ("note", note),
    ]
    .map(|(name, text)| (format!("words.{name}"), text));
    let values = Values { why: &words.text("mail.alert.why", &[("brand", &look.brand)]), ..Values::default() };
    write(locale, look, NOTICE, constants.into_iter().collect(), &values)
}

fn question(key: &str, locale: Locale, look: &Look, data: &Confirmation) -> Result<Rendered, TemplateError> {
    let words = Catalogue::of(locale);
    let letter = Letter {
        locale,
        look,
        key,
        topics: &words.list(&data.topics),
        after: words.count("mail.confirmation.expiry", data.days.into(), &[]),
        note: words.text(&format!("{key}.not_you"), &[]),
    };
    letter.write(
        data.name.as_deref(),
        &Values {
            why: &words.text("mail.confirmation.why", &[("brand", &look.brand)]),
            action: Some(&data.confirm),
            ..Values::default()
        },
    )
}

/// The one shape of all system mails, and what differs.
#[derive(Debug)]
struct Letter<'a> {
    locale: Locale,
    look: &'a Look,
    /// Where in the catalogue its words are.
    key: &'a str,
    topics: &'a str,
    after: String,
    note: String,
}

impl Letter<'_> {
    fn write(&self, name: Option<&str>, values: &Values<'_>) -> Result<Rendered, TemplateError> {
        let words = Catalogue::of(self.locale);
        let text = |name: &str| {
            let values = [("brand", self.look.brand.as_str()), ("topics", self.topics)];
            words.text(&format!("{}.{name}", self.key), &values)
        };
        let greeting = match name.map(str::trim).filter(|name| is_a_name(name)) {
            Some(name) => words.text("mail.greeting", &[("name", name)]),
            None => words.text("mail.greeting.nobody", &[]),
        };
        let constants = ["subject", "preheader", "heading", "body", "button"]
            .map(|name| (format!("words.{name}"), text(name)))
            .into_iter()
            .chain([
                ("words.after".to_owned(), self.after.clone()),
                ("words.note".to_owned(), self.note.clone()),
                ("words.fallback".to_owned(), words.text("mail.button.fallback", &[])),
            ])
            .collect();
        write(self.locale, self.look, MJML, constants, &Values { greeting: &greeting, ..*values })
    }
}

/// A mail of this shape that says these words.
fn write(
    locale: Locale,
    look: &Look,
    shape: &str,
    words: Vec<(String, String)>,
    values: &Values<'_>,
) -> Result<Rendered, TemplateError> {
    let source = Source {
        subject: "{{words.subject}}".to_owned(),
        preheader: "{{words.preheader}}".to_owned(),
        mjml: shape.to_owned(),
    };
    let look = Look { locale, ..look.clone() };
    let compiled = compile::build(&source, &look, Author::House, words)?;
    compiled.run(values).map_err(|RenderError::TooLarge { bytes, limit, .. }| TemplateError {
        part: Part::Body,
        line: None,
        problem: Problem::TooLong { bytes, limit },
    })
}

/// Whether a text may stand in a salutation.
///
/// Anybody can type a stranger's address and a "name" like `Win at evil.example` into a form; we would carry that to
/// the stranger. What could be read as an address or a message is left out, and the greeting goes without a name.
fn is_a_name(text: &str) -> bool {
    let reads_as_host =
        text.split('.').skip(1).any(|label| label.chars().take_while(|c| c.is_alphanumeric()).count() > 1);
    !text.is_empty()
        && text.chars().count() <= 60
        && !reads_as_host
        && !text.contains(['/', '@', ':', '<', '>', '{', '}', '$', '€', '!', '?', '%', '#', '='])
        && !text.chars().any(|c| c.is_control() || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_a_name;

    #[test]
    fn a_name_is_told_from_a_message() {
        for name in ["Ada", "J. R. R. Tolkien", "J.R. Smith", "Anne-Marie O’Neill", "李小龍", "Dr. Ødegård"] {
            assert!(is_a_name(name), "{name}");
        }
        for text in
            ["", "evil.example", "www.evil.example now", "http://evil", "Win 1000 €", "a\r\nb", "Buy!", &"x".repeat(61)]
        {
            assert!(!is_a_name(text), "{text}");
        }
    }
}
