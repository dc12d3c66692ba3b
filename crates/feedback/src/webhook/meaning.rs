//! What the events of each service mean: a table, `rules/webhooks.toml`.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::MailboxProvider;
use serde::Deserialize;
use verdict::{Class, Verdict, judge_event};

use super::Provider;
use crate::Recipient;

/// What an event means for a message.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// It came back. The class is the service's own, for where its words say nothing.
    Failed(Class),
    /// It is still being tried.
    Delayed,
    /// It arrived.
    Arrived,
    /// The recipient called it spam.
    Complaint,
    /// The recipient left by the service's own link or address.
    Unsubscribe,
    /// A program answered for the recipient.
    Answer,
    /// The service did not try: the address is on its own list. That says nothing new about the person.
    Suppressed,
    /// Nothing that we ask for: opens, clicks, the service's own steps.
    Nothing,
}

/// What the service itself says of a failure.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// Its own class, and the row that gives it.
    Class(Class, &'static str),
    /// The message was not tried, by this row.
    Suppressed(&'static str),
}

impl Own {
    /// What a failure means: the server's words go first, and where they say nothing the service's own kind.
    ///
    /// The service is a second witness for words that say that somebody is gone; and against its milder word nobody is taken for gone at once.
    pub(crate) fn judge(self, recipient: &Recipient, lane: &MailboxProvider) -> Verdict {
        let (own, rule) = match self {
            Self::Class(class, rule) => (class, rule),
            Self::Suppressed(rule) => (Class::LikelyGone, rule),
        };
        let judged = judge_event(recipient.status, &recipient.diagnostic, Some(lane), own == Class::Hard);
        if judged.rule == "none" {
            return Verdict { class: own, rule: rule.to_owned(), ..judged };
        }
        match judged.class {
            Class::Hard if !own.is_gone() => Verdict { class: Class::LikelyGone, ..judged },
            _ => judged,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    event: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    provider: String,
    kind: String,
    means: Means,
    class: Option<Class>,
    #[expect(dead_code, reason = "for who reads the table; a test asks that it is there")]
    source: String,
}

#[derive(Copy, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Means {
    Failed,
    Delayed,
    Arrived,
    Complaint,
    Unsubscribe,
    Answer,
    Suppressed,
    Nothing,
}

/// The row of an event: what it means, and its name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) meaning: Meaning,
    /// `sendgrid.bounce.blocked`.
    pub(crate) rule: &'static str,
}

impl Found {
    /// What the service itself says, where it is about a failure.
    pub(crate) fn own(self) -> Option<Own> {
        match self.meaning {
            Meaning::Failed(class) => Some(Own::Class(class, self.rule)),
            Meaning::Suppressed => Some(Own::Suppressed(self.rule)),
            _ => None,
        }
    }
}

#[expect(clippy::expect_used, reason = "the table is part of the program, and a test reads it")]
static TABLE: LazyLock<HashMap<String, Found>> =
    LazyLock::new(|| table(include_str!("../../rules/webhooks.toml")).expect("the table of events reads"));

fn table(text: &str) -> Result<HashMap<String, Found>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut table = HashMap::new();
    for row in file.event {
        let provider: Provider = row.provider.parse().map_err(|error: super::UnknownProvider| error.to_string())?;
        let rule = format!("{provider}.{}", row.kind);
        let meaning = match (row.means, row.class) {
            (Means::Failed, Some(class)) => Meaning::Failed(class),
            (Means::Failed, None) => return Err(format!("{rule} has no class")),
            (_, Some(_)) => return Err(format!("{rule} has a class and is no failure")),
            (Means::Delayed, None) => Meaning::Delayed,
            (Means::Arrived, None) => Meaning::Arrived,
            (Means::Complaint, None) => Meaning::Complaint,
            (Means::Unsubscribe, None) => Meaning::Unsubscribe,
            (Means::Answer, None) => Meaning::Answer,
            (Means::Suppressed, None) => Meaning::Suppressed,
            (Means::Nothing, None) => Meaning::Nothing,
        };
        // The table lives as long as the program does.
        let found = Found { meaning, rule: String::leak(rule.clone()) };
        if table.insert(rule.clone(), found).is_some() {
            return Err(format!("{rule} is there twice"));
        }
    }
    Ok(table)
}

/// What a kind of event means: the most special row that is there. Nothing where the service has a kind that nobody knows.
pub(crate) fn find(provider: Provider, kind: &str) -> Option<Found> {
    let mut name = format!("{provider}.{kind}");
    loop {
        if let Some(found) = TABLE.get(&name) {
            return Some(*found);
        }
        let (general, _) = name.rsplit_once('.')?;
        name = general.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads_and_has_a_source() {
        let text = include_str!("../../rules/webhooks.toml");
        assert!(table(text).is_ok_and(|table| table.len() > 60), "{:?}", table(text).err());
        let sources = text.lines().filter(|line| line.starts_with("source = \"")).count();
        assert_eq!(sources, TABLE.len());
    }

    #[test]
    fn the_most_special_row_goes_first_and_what_nobody_knows_is_nothing() {
        let found = |kind| find(Provider::SendGrid, kind).map(|found| found.rule);
        assert_eq!(found("bounce.blocked"), Some("sendgrid.bounce.blocked"));
        assert_eq!(found("bounce.something_new"), Some("sendgrid.bounce"));
        assert_eq!(found("brand_new"), None);
        assert_eq!(find(Provider::Mailgun, ""), None);
    }

    #[test]
    fn a_row_says_what_it_has_to() {
        let row =
            |rest: &str| table(&format!("[[event]]\nprovider = \"mailgun\"\nkind = \"x\"\n{rest}\nsource = \"s\""));
        assert!(row("means = \"failed\"").is_err());
        assert!(row("means = \"delayed\"\nclass = \"hard\"").is_err());
        assert!(row("means = \"failed\"\nclass = \"hard\"").is_ok());
    }

    fn judged(own: Class, words: &str) -> (Class, String) {
        let recipient = super::super::event::recipient_of(None, words.to_owned());
        let lane = "other".parse().unwrap();
        let verdict = Own::Class(own, "the.row").judge(&recipient, &lane);
        (verdict.class, verdict.rule)
    }

    #[test]
    fn the_words_go_first_and_where_they_say_nothing_the_services_own_kind() {
        assert_eq!(judged(Class::Hard, ""), (Class::Hard, "the.row".to_owned()));
        assert_eq!(judged(Class::Soft, "something happened"), (Class::Soft, "the.row".to_owned()));
        assert_eq!(judged(Class::Hard, "550 5.7.1 blocked using zen.spamhaus.org").0, Class::Block);
        assert_eq!(judged(Class::Hard, "552 5.2.2 mailbox full").0, Class::Soft);
        assert_eq!(
            judged(Class::Soft, "550 5.1.1 no such user").0,
            Class::LikelyGone,
            "the service says it is not final"
        );
    }

    #[test]
    fn the_service_is_a_second_witness_for_words_without_a_code() {
        assert_eq!(judged(Class::Hard, "User unknown").0, Class::Hard);
        assert_eq!(judged(Class::LikelyGone, "User unknown").0, Class::LikelyGone);
    }
}
