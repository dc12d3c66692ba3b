use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::Locale;
use serde::Deserialize;

/// The words of one language, as `locales/*.json` holds them: flat keys, `{name}` placeholders, and two forms where a
/// number decides.
///
/// Pages, system mails and screens take their words from the same files. A test keeps keys and placeholders the same in
/// every language, so a missing key can only be a misspelt one; it is shown as it is, so that somebody sees it.
#[derive(Debug)]
pub struct Catalogue {
    locale: Locale,
    words: BTreeMap<String, Words>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    Plain(String),
    Counted { one: String, other: String },
}

static ENGLISH: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::read(Locale::En, include_str!("../../../locales/en.json")));
static GERMAN: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::read(Locale::De, include_str!("../../../locales/de.json")));

impl Catalogue {
    /// The catalogue of a language.
    pub fn of(locale: Locale) -> &'static Self {
        match locale {
            Locale::En => &ENGLISH,
            Locale::De => &GERMAN,
        }
    }

    /// The language.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    /// Every key, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.words.keys().map(String::as_str)
    }

    /// The words of a key, with `{name}` replaced for each pair. Nothing is escaped: the words are plain text.
    pub fn text(&self, key: &str, values: &[(&str, &str)]) -> String {
        match self.words.get(key) {
            Some(Words::Plain(words) | Words::Counted { other: words, .. }) => fill(words, values),
            None => key.to_owned(),
        }
    }

    /// The words of a key whose form depends on a number, which stands in them as `{count}`.
    pub fn count(&self, key: &str, count: u64, values: &[(&str, &str)]) -> String {
        let number = count.to_string();
        let values: Vec<_> = values.iter().copied().chain([("count", number.as_str())]).collect();
        match self.words.get(key) {
            Some(Words::Counted { one, .. }) if count == 1 => fill(one, &values),
            _ => self.text(key, &values),
        }
    }

    /// The items as a sentence lists them: "a, b and c".
    pub fn list(&self, items: &[impl AsRef<str>]) -> String {
        let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
        match items.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [first @ .., last] => self.text("list.and", &[("first", &first.join(", ")), ("last", last)]),
        }
    }

    fn read(locale: Locale, json: &str) -> Self {
        // The file is compiled in and tests read it; a fault in it leaves no words, so every key would show.
        Self { locale, words: serde_json::from_str(json).unwrap_or_default() }
    }
}

/// One pass over the words: what a value holds is never taken for a placeholder.
fn fill(words: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, from_brace)) = rest.split_once('{') {
        filled.push_str(before);
        match from_brace
            .split_once('}')
            .and_then(|(name, after)| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, after)))
        {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = from_brace;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(words: &str) -> Vec<&str> {
        let mut names: Vec<_> =
            words.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn every_language_says_the_same_things() {
        let english = Catalogue::of(Locale::En);
        assert!(english.keys().count() > 20, "the English catalogue was not read");
        for locale in Locale::ALL {
            let other = Catalogue::of(locale);
            assert!(english.keys().eq(other.keys()), "{locale} has other keys than en");
            for (key, words) in &english.words {
                match (words, &other.words[key]) {
                    (Words::Plain(a), Words::Plain(b)) => {
                        assert_eq!(placeholders(a), placeholders(b), "{locale} {key}")
                    }
                    (Words::Counted { other: a, .. }, Words::Counted { one, other: b }) => {
                        assert_eq!(placeholders(a), placeholders(b), "{locale} {key}");
                        assert!(placeholders(one).iter().all(|name| placeholders(a).contains(name)), "{locale} {key}");
                    }
                    _ => panic!("{locale} {key} depends on a number in one language only"),
                }
            }
        }
    }

    #[test]
    fn a_value_is_never_a_placeholder() {
        assert_eq!(fill("{a} and {b} {c} {", &[("a", "{b}"), ("b", "x")]), "{b} and x {c} {");
    }

    #[test]
    fn one_is_told_from_many() {
        let words = Catalogue::of(Locale::En);
        assert_eq!(words.count("mail.confirmation.expiry", 1, &[]), "The link works for one day.");
        assert_eq!(words.count("mail.confirmation.expiry", 7, &[]), "The link works for 7 days.");
    }

    #[test]
    fn a_list_reads_like_a_sentence() {
        let words = Catalogue::of(Locale::De);
        assert_eq!(words.list(&["Angebote"]), "Angebote");
        assert_eq!(words.list(&["Angebote", "Events", "Neues"]), "Angebote, Events und Neues");
    }
}
