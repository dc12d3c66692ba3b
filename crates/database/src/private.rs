//! Columns that are nobody's business who reads a log or a panic: `{:?}` shows only that something is there.

use std::fmt;

use sea_orm::DeriveValueType;

/// What somebody told, or what says who and where they are, as it stands in a column.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct Private(pub String);

/// The same for what is no text, such as a mail as it came.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub struct PrivateBytes(pub Vec<u8>);

impl Private {
    /// The JSON object in which nothing is told.
    pub fn nothing() -> Self {
        Self("{}".to_owned())
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Stars.fmt(f)
    }
}

impl fmt::Debug for PrivateBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Stars.fmt(f)
    }
}

/// In the place of what is masked.
pub struct Stars;

impl Stars {
    /// Whether something is there, and nothing of it.
    pub fn over<T>(value: Option<&T>) -> Option<Self> {
        value.map(|_| Self)
    }
}

impl fmt::Debug for Stars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_column_shows_that_it_is_there_and_nothing_of_it() {
        let shown = format!("{:?} {:?}", Private("Ada".to_owned()), PrivateBytes(b"Ada".to_vec()));
        assert_eq!(shown, "*** ***");
        assert_eq!(format!("{:?} {:?}", Stars::over(Some(&"Ada")), Stars::over::<String>(None)), "Some(***) None");
    }
}
