use axum::body::Bytes;

/// What a form sent: names and values, in order. Whatever does not read as a form has none.
#[derive(Clone)]
pub(super) struct Posted(Vec<(String, String)>);

impl Posted {
    /// Reads `application/x-www-form-urlencoded`, the only encoding that our forms have.
    pub(super) fn read(body: &Bytes) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first value of this name, without white space around it; empty if there is none.
    pub(super) fn one(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Every value of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.trim())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_found_by_name() {
        let posted = Posted::read(&Bytes::from_static(b"topic=a&topic=b&name=+Ada+%C3%A4+"));
        assert_eq!(posted.all("topic").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(posted.one("name"), "Ada ä");
        assert_eq!(posted.one("email"), "");
    }

    proptest! {
        #[test]
        fn never_panics(body: Vec<u8>) {
            Posted::read(&body.into()).one("x");
        }
    }
}
