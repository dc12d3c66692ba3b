use std::collections::BTreeSet;

use mail_parser::{Message, MessageParser};
use testkit::smtp::Accepted;

/// A mail as its recipient sees it.
#[derive(Debug)]
pub struct Letter {
    /// MAIL FROM, where reports go.
    pub return_path: String,
    /// RCPT TO.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The bytes that came over the wire.
    pub raw: Vec<u8>,
}

impl Letter {
    /// Reads what a sink has accepted.
    pub fn read(accepted: &Accepted) -> Self {
        let message = MessageParser::default().parse(&accepted.raw).expect("a message");
        Self {
            return_path: accepted.from.clone(),
            to: accepted.recipient().to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: message.body_text(0).unwrap_or_default().into_owned(),
            html: message.body_html(0).unwrap_or_default().into_owned(),
            raw: accepted.raw.clone(),
        }
    }

    /// A header's value as it was sent, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let message: Message<'_> = MessageParser::default().parse(&self.raw)?;
        message.header_raw(name).map(|value| value.replace("\r\n", "").trim().to_owned())
    }

    /// Every link in the text part.
    pub fn links(&self) -> Vec<String> {
        let stop = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ')' | '(' | ']');
        self.text.split(stop).filter(|word| word.starts_with("https://")).map(str::to_owned).collect()
    }

    /// Every address of ours in it, wherever it stands: text, hypertext, pictures, List-Unsubscribe.
    pub fn addresses(&self) -> BTreeSet<String> {
        let headers = self.header("List-Unsubscribe").unwrap_or_default();
        let stop = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ')' | '(' | ']' | '"' | '\'');
        let words = [&self.text, &self.html, &headers];
        let words = words.into_iter().flat_map(|part| part.split(stop));
        words
            .filter(|word| word.starts_with("https://news.example.test/"))
            .map(|word| word.replace("&amp;", "&"))
            .collect()
    }

    /// The https address of List-Unsubscribe (RFC 8058 §3.1).
    pub fn one_click(&self) -> String {
        let header = self.header("List-Unsubscribe").expect("List-Unsubscribe");
        let link = header.split(['<', '>']).find(|part| part.starts_with("https://"));
        link.unwrap_or_else(|| panic!("no link in {header}")).to_owned()
    }

    /// The first link whose path begins so; `/confirm/`, say.
    pub fn link(&self, path: &str) -> String {
        let links = self.links();
        let found = links.iter().find(|link| link.contains(path));
        found.unwrap_or_else(|| panic!("no link to {path} among {links:?} in:\n{}", self.text)).clone()
    }
}
