use std::collections::HashSet;
use std::hash::Hash;

use domain::BrandId;
use sea_orm::ConnectionTrait;

use super::{Draft, Error, Version};
use crate::consent::Digest;
use crate::topic;

impl Draft {
    pub(super) fn check_slug(&self, slug: &str) -> Result<(), Error> {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        ask(
            (1..=40).contains(&slug.len()) && slug.bytes().all(known),
            "slug",
            "must be 1 to 40 small letters, digits and hyphens",
        )
    }

    /// Says what is wrong with the form, if anything is.
    pub(super) async fn check(&self, conn: &impl ConnectionTrait, brand: BrandId) -> Result<(), Error> {
        let (words, it) = (self.consent_words.trim(), &self.definition);
        ask(is_line(&self.name, 100), "name", "must be one line of 1 to 100 characters")?;
        ask(
            (1..=4000).contains(&words.chars().count()),
            "consent_words",
            "must say what the person agrees to, in 4000 characters at most",
        )?;
        ask((1..=30).contains(&self.confirm_within_days), "confirm_within_days", "must be from 1 to 30")?;
        ask(is_line(&it.title, 200), "title", "must be one line of 1 to 200 characters")?;
        ask(it.intro.chars().count() <= 4000, "intro", "must have 4000 characters at most")?;
        ask(is_line(&it.button, 60), "button", "must be one line of 1 to 60 characters")?;
        ask(
            it.fields.iter().all(|spec| is_line(&spec.label, 100)),
            "fields",
            "must each have a label of one line of 1 to 100 characters",
        )?;
        ask(all_differ(it.fields.iter().map(|spec| spec.field)), "fields", "must each be asked once")?;
        ask(!it.topics.is_empty(), "topics", "must be at least one")?;
        ask(all_differ(it.topics.iter()), "topics", "must each be offered once")?;
        for id in &it.topics {
            let topic = topic::find(conn, *id).await?;
            topic
                .filter(|topic| topic.brand == brand && topic.archived_at.is_none())
                .ok_or(Error::UnknownTopic(*id))?;
        }
        Ok(())
    }
}

impl Version {
    /// What the consent ledger keeps beside an entry, so that the words cannot be changed afterwards.
    pub(crate) fn digest(&self) -> Result<Digest, Error> {
        let all = (self.id, self.form, self.number, self.locale, &self.consent_words, &self.definition);
        let text = serde_json::to_string(&all).map_err(|_| Error::Row(self.id))?;
        Ok(Digest::of(&[b"eshot/form/v1\0", text.as_bytes()]))
    }
}

fn ask(right: bool, field: &'static str, words: &'static str) -> Result<(), Error> {
    if right { Ok(()) } else { Err(Error::Invalid { field, words }) }
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
}

fn all_differ<T: Eq + Hash>(mut items: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.all(|item| seen.insert(item))
}
