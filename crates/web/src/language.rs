use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use chrono::{DateTime, Datelike, Utc};
use domain::Locale;
use renderer::Catalogue;

/// The reader's language, if it is one that we speak (RFC 9110 §12.5.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Language(Option<Locale>);

impl Language {
    /// The language of a request.
    pub(crate) fn of(headers: &axum::http::HeaderMap) -> Self {
        let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
        Self(header.and_then(Locale::from_accept_language))
    }

    /// The reader's language, or else this one.
    pub(crate) fn or(self, other: Locale) -> Locale {
        self.0.unwrap_or(other)
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

/// The day, as people write it.
pub(crate) fn date(words: &Catalogue, at: DateTime<Utc>) -> String {
    let month = words.text(&format!("date.month.{}", at.month()), &[]);
    words.text("date", &[("day", &at.day().to_string()), ("month", &month), ("year", &at.year().to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reads_as_people_write_it() {
        let at = DateTime::from_timestamp(1_772_442_000, 0).unwrap();
        assert_eq!(date(Catalogue::of(Locale::En), at), "2 March 2026");
        assert_eq!(date(Catalogue::of(Locale::De), at), "2. März 2026");
    }
}
