//! Every page with made-up data, so that a template is known to render before anybody needs it.

use chrono::DateTime;
use domain::Locale;
use renderer::{Catalogue, Colour};
use url::Url;

use crate::face::Face;
use crate::language;
use crate::pages::{Page, Pages};
use crate::public::access::{Access, Event, Open, Standing};
use crate::public::confirm::{Confirm, Confirmed, Expired};
use crate::public::field::{Field, Topic};
use crate::public::form::{Fault, FormPage};
use crate::public::inbox::Inbox;
use crate::public::message::Message;
use crate::public::preferences::{Notice, Preferences};
use crate::public::unsubscribe::{Unsubscribe, Unsubscribed};

/// A page with made-up data.
#[derive(Debug)]
pub struct Sample {
    /// Which page, in which state.
    pub name: &'static str,
    /// In which language.
    pub locale: Locale,
    /// The page, or what is wrong with its template.
    pub html: Result<String, Box<handlebars::RenderError>>,
}

impl Pages {
    /// Every page in every state and language, with made-up data. Templates of one's own are proved by it.
    pub fn samples(&self) -> Vec<Sample> {
        Locale::ALL.into_iter().flat_map(|locale| Studio::new(self, locale).all()).collect()
    }
}

/// Where the samples of one language are made.
struct Studio<'a> {
    pages: &'a Pages,
    words: &'static Catalogue,
    face: Face,
    samples: Vec<Sample>,
}

impl<'a> Studio<'a> {
    fn new(pages: &'a Pages, locale: Locale) -> Self {
        Self {
            pages,
            words: Catalogue::of(locale),
            face: face("Fabrikam", Colour::new(0x0b, 0x6e, 0x4f)),
            samples: Vec::new(),
        }
    }

    fn take(&mut self, name: &'static str, page: &impl Page) {
        let locale = self.words.locale();
        let html = self.pages.render(&self.face, locale, page).map_err(Box::new);
        self.samples.push(Sample { name, locale, html });
    }

    fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.text(key, values)
    }

    fn date(&self) -> String {
        language::date(self.words, DateTime::UNIX_EPOCH)
    }

    fn all(mut self) -> Vec<Sample> {
        self.sign_up();
        self.confirming();
        self.preferences();
        self.unsubscribing();
        self.access();
        self.messages();
        self.awkward();
        self.samples
    }

    fn sign_up(&mut self) {
        self.take("form", &self.form());
        self.take("form-wrong", &self.wrong_form());
        self.take("inbox", &Inbox { address: Some("ada@example.com".into()) });
        self.take("inbox-again", &Inbox { address: None });
    }

    fn confirming(&mut self) {
        self.take("confirm", &Confirm { topics: topics(2) });
        self.take("confirmed", &Confirmed { already: false, topics: topics(2) });
        self.take("confirmed-already", &Confirmed { already: true, topics: topics(2) });
        self.take("expired", &Expired {});
    }

    fn preferences(&mut self) {
        self.take("preferences", &Preferences { notice: None, topics: topics(3), paused: None, tracking: false });
        let left = self.text("page.preferences.left", &[("topic", "Events")]);
        let notice = Some(Notice { words: left, undo: Some("1".into()) });
        self.take(
            "preferences-left",
            &Preferences { notice, topics: topics(1), paused: Some(self.date()), tracking: true },
        );
        let notice = Some(Notice { words: self.text("page.preferences.left_all", &[]), undo: Some("1".into()) });
        self.take("preferences-none", &Preferences { notice, topics: Vec::new(), paused: None, tracking: false });
    }

    fn unsubscribing(&mut self) {
        let (topic, preferences) = ("Offers".to_owned(), "/p/token".to_owned());
        self.take("unsubscribe", &Unsubscribe { topic: topic.clone(), preferences: preferences.clone() });
        self.take(
            "unsubscribed",
            &Unsubscribed { topic: Some(topic), undo: Some("topic"), preferences: preferences.clone() },
        );
        self.take("unsubscribed-all", &Unsubscribed { topic: None, undo: None, preferences });
    }

    fn access(&mut self) {
        self.take("access-open", &Open {});
        let standings = [("Offers", true), ("Events", false), ("Product news", false)];
        let topics = standings.map(|(name, subscribed)| Standing {
            value: name.to_lowercase(),
            name: name.into(),
            state: if subscribed {
                self.text("page.access.state.confirmed", &[])
            } else {
                self.text("page.access.state.never", &[])
            },
            subscribed,
        });
        let history = Event {
            at: "1970-01-01T00:00:00Z".into(),
            date: self.date(),
            words: self.text("page.access.act.confirmed", &[("topic", "Offers")]),
        };
        let page = Access {
            notice: Some(Notice { words: self.text("page.access.saved", &[]), undo: None }),
            address: "ada@example.com".into(),
            pass: "pass".into(),
            topics: topics.into(),
            paused: Some(self.date()),
            tracking: false,
            tracking_words: self.text("page.access.tracking_words", &[("brand", "Fabrikam")]),
            fields: self.fields().split_off(1),
            history: vec![history.clone(), history],
        };
        self.take("access", &page);
    }

    fn messages(&mut self) {
        for (name, good, key) in [
            ("undone", true, "page.undone"),
            ("erased", true, "page.erased"),
            ("too-late", false, "page.too_late"),
            ("withdrawn", false, "page.withdrawn"),
            ("access-gone", false, "page.access.gone"),
            ("error-bad", false, "page.error.bad"),
            ("error-link", false, "page.error.link"),
            ("error-none", false, "page.error.none"),
            ("error-often", false, "page.error.often"),
            ("error-large", false, "page.error.large"),
            ("error-away", false, "page.error.away"),
            ("error-ours", false, "page.error.ours"),
        ] {
            let message = Message::new(good, key, self.words, &self.face);
            self.take(name, &message);
        }
    }

    /// Long names, words without a break and a colour that nothing can be read on.
    fn awkward(&mut self) {
        let name =
            "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft <b>Söhne & Töchter</b>";
        self.face = face(name, Colour::new(0xff, 0xe1, 0x4d));
        let mut form = self.wrong_form();
        let long = "Veranstaltungsankündigungsbenachrichtigungsdienst".repeat(2);
        form.topics.push(Topic {
            id: "topic-long".into(),
            value: "long".into(),
            description: long.clone(),
            name: long.clone(),
            chosen: true,
        });
        form.heading = format!("{} {name}", form.heading);
        self.take("form-awkward", &form);
        let mut topics = topics(3);
        topics.push(Topic {
            id: "topic-long".into(),
            value: "long".into(),
            name: long.clone(),
            description: long,
            chosen: false,
        });
        self.take("preferences-awkward", &Preferences { notice: None, topics, paused: None, tracking: true });
        let address = format!("{}@{}.example.com", "a".repeat(64), "b".repeat(60));
        self.take("inbox-awkward", &Inbox { address: Some(address) });
    }

    fn form(&self) -> FormPage {
        FormPage {
            heading: "The best of Fabrikam, in your inbox".into(),
            intro: "The latest offers, invitations to events and new product features. You choose which, and leave with one click.".into(),
            errors: Vec::new(),
            fields: self.fields(),
            topics: topics(3),
            topics_error: None,
            version: "1".into(),
            consent: "Yes, Fabrikam may send me mails about the topics that I have ticked. \
                      I can withdraw this at any time, by the link at the end of every mail.".into(),
            consent_given: false,
            consent_error: None,
            stamp: "1.1.a".into(),
            submit: self.text("page.form.submit", &[]),
        }
    }

    fn wrong_form(&self) -> FormPage {
        let mut form = self.form();
        let words = self.text("page.form.error.email", &[]);
        if let Some(email) = form.fields.first_mut() {
            email.value = "ada@example".into();
            email.error = Some(words.clone());
        }
        form.topics_error = Some(self.text("page.form.error.topics", &[]));
        form.consent_error = Some(self.text("page.form.error.consent", &[]));
        form.errors = vec![
            Fault { id: "email".into(), words },
            Fault { id: "topic-1".into(), words: self.text("page.form.error.topics", &[]) },
            Fault { id: "consent".into(), words: self.text("page.form.error.consent", &[]) },
        ];
        form
    }

    fn fields(&self) -> Vec<Field> {
        let field = |name: &'static str, kind, autocomplete| Field {
            id: name.into(),
            name,
            label: self.text(&format!("page.form.field.{name}"), &[]),
            kind,
            autocomplete,
            longest: 200,
            ..Field::default()
        };
        vec![
            Field { required: true, ..field("email", "email", "email") },
            field("name", "text", "name"),
            Field { multiline: true, ..field("postal_address", "text", "street-address") },
            Field { half: true, ..field("phone", "tel", "tel") },
            Field { half: true, ..field("company", "text", "organization") },
        ]
    }
}

fn face(name: &str, accent: Colour) -> Face {
    let root = Url::parse("https://news.example.com").ok();
    let face = root.map(|root| Face::new(name, accent, &root));
    let lines = ["Fabrikam Ltd", "12 Canal Street", "Bristol BS1 4XE", "United Kingdom"];
    Face {
        postal_address: lines.map(str::to_owned).into(),
        privacy_url: Some("https://www.example.com/privacy".into()),
        ..face.unwrap_or_default()
    }
}

fn topics(count: usize) -> Vec<Topic> {
    let topics = [
        ("Offers", "Special prices and bundles, at most twice a month."),
        ("Events", "Invitations to workshops, fairs and our summer party."),
        ("Product news", "New features and what they do for you."),
    ];
    let topics = topics.into_iter().enumerate().map(|(at, (name, description))| Topic {
        id: format!("topic-{}", at + 1),
        value: name.to_lowercase().replace(' ', "-"),
        name: name.into(),
        description: description.into(),
        chosen: false,
    });
    topics.take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_renders_in_every_language_and_says_what_it_shows() {
        let pages = Pages::load(None).unwrap();
        for Sample { name, locale, html } in pages.samples() {
            let html = html.unwrap_or_else(|error| panic!("{name} {locale}: {error}"));
            assert!(!html.contains("page."), "{name} {locale} shows a key: {html}");
            assert!(!html.contains("<b>"), "{name} {locale} does not escape");
            assert!(html.contains(&format!("<html lang=\"{locale}\">")));
        }
    }

    #[test]
    fn pages_are_written_as_they_were() {
        let pages = Pages::load(None).unwrap();
        for Sample { name, locale, html } in pages.samples() {
            if locale == Locale::En && !name.ends_with("awkward") {
                insta::assert_snapshot!(format!("page-{name}"), html.unwrap().replace(pages.style_name(), "style.css"));
            }
        }
    }
}
