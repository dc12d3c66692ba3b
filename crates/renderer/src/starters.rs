use domain::Locale;

use crate::Source;

/// A campaign to begin with instead of an empty page.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// The name of its folder in `templates/starters/`, the same in every language.
    pub slug: &'static str,
    /// The slug of the topic that it is written for.
    pub topic: &'static str,
    /// What a list of starters calls it, in its own language; the catalogue's `starter.SLUG.name`.
    pub name: &'static str,
    /// The language that it is written in.
    pub locale: Locale,
    subject: &'static str,
    preheader: &'static str,
    mjml: &'static str,
}

macro_rules! starter {
    ($locale:ident $folder:literal $slug:literal, $topic:literal, $name:literal) => {
        Starter {
            slug: $slug,
            topic: $topic,
            name: $name,
            locale: Locale::$locale,
            subject: starter!(file $slug $folder "subject.txt"),
            preheader: starter!(file $slug $folder "preheader.txt"),
            mjml: starter!(file $slug $folder "body.mjml"),
        }
    };
    (file $slug:literal $folder:literal $file:literal) => {
        include_str!(concat!("../../../templates/starters/", $slug, "/", $folder, "/", $file))
    };
}

const ENGLISH: [Starter; 3] = [
    starter!(En "en" "offer", "offers", "Offer"),
    starter!(En "en" "event", "events", "Event invitation"),
    starter!(En "en" "product-news", "product-news", "Product news"),
];

const GERMAN: [Starter; 3] = [
    starter!(De "de" "offer", "offers", "Angebot"),
    starter!(De "de" "event", "events", "Einladung"),
    starter!(De "de" "product-news", "product-news", "Neues vom Produkt"),
];

impl Starter {
    /// The templates, to be copied into a new campaign.
    pub fn source(&self) -> Source {
        Source {
            subject: self.subject.trim_end().to_owned(),
            preheader: self.preheader.trim_end().to_owned(),
            mjml: self.mjml.to_owned(),
        }
    }
}

/// The starters for a brand that writes in this language: an offer, an event, product news.
pub fn starters(locale: Locale) -> &'static [Starter] {
    match locale {
        Locale::En => &ENGLISH,
        Locale::De => &GERMAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalogue;

    #[test]
    fn every_language_has_every_starter_under_the_name_that_its_catalogue_gives_it() {
        for locale in Locale::ALL {
            let slugs = starters(locale).iter().map(|starter| (starter.slug, starter.topic));
            assert!(slugs.eq(ENGLISH.iter().map(|starter| (starter.slug, starter.topic))), "{locale}");
            for starter in starters(locale) {
                let named = Catalogue::of(locale).text(&format!("starter.{}.name", starter.slug), &[]);
                assert_eq!((starter.locale, starter.name), (locale, named.as_str()));
            }
        }
    }
}
