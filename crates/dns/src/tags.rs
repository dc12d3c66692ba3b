/// A list of `name=value`, separated by semicolons, as DKIM and DMARC records have it (RFC 6376 §3.2).
pub(crate) struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// The tags of a text; what is no tag is left out.
    pub(crate) fn of(text: &'a str) -> Self {
        let tags = text.split(';').filter_map(|tag| tag.split_once('='));
        Self(tags.map(|(name, value)| (name.trim(), value.trim())).collect())
    }

    /// The value of a tag; of the first, if it is repeated.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The name and value of the first tag.
    pub(crate) fn first(&self) -> Option<(&'a str, &'a str)> {
        self.0.first().copied()
    }
}
