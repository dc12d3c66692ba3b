//! Looking into JSON whose shape is somebody else's: what is not there, or of another type, is nothing.

use domain::EmailAddress;
use serde_json::Value;

/// The text at a path of keys; a number counts as one.
pub(super) fn text(value: &Value, path: &[&str]) -> Option<String> {
    let found = path.iter().try_fold(value, |value, key| value.get(key))?;
    match found {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The first of several paths at which there is a text.
pub(super) fn first(value: &Value, paths: &[&[&str]]) -> Option<String> {
    paths.iter().find_map(|path| text(value, path))
}

/// The address at a path, alone or behind a name: `Ada <ada@example.com>`.
pub(super) fn address(value: &Value, path: &[&str]) -> Option<EmailAddress> {
    let text = text(value, path)?;
    let bare = text.rsplit_once('<').map_or(text.as_str(), |(_, rest)| rest.trim_end_matches('>'));
    bare.trim().parse().ok()
}

/// A kind as the table writes it: its words in small letters, with a dot between them.
pub(super) fn kind<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let plain = |word: &str| word.trim().to_lowercase().replace([' ', '.'], "_");
    words.into_iter().map(plain).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(".")
}

/// The words of several fields, in a row.
pub(super) fn words(fields: impl IntoIterator<Item = Option<String>>) -> String {
    fields.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
