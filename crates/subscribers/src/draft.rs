use chrono::{DateTime, Utc};
use domain::{EmailAddress, Locale, TopicId};

use crate::{Basis, Profile, Source};

/// A person whom staff or a program brings on file.
#[derive(Clone, Debug)]
pub struct New {
    /// Where their mail goes.
    pub email: EmailAddress,
    /// What is known about them.
    pub profile: Profile,
    /// Their language.
    pub locale: Locale,
    /// What they are subscribed to at once, on `basis`.
    pub topics: Vec<TopicId>,
    /// Why we may write to them.
    pub basis: Basis,
    /// How that basis was gained, in words: goes into the consent ledger.
    pub stated: String,
    /// Until when the basis holds, where the law lets it end (CASL s. 10: two years after a purchase).
    pub until: Option<DateTime<Utc>>,
    /// By which door they come.
    pub source: Source,
}

/// What is to be changed about a person. What is none stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another address.
    pub email: Option<EmailAddress>,
    /// Another profile, whole.
    pub profile: Option<Profile>,
    /// Another language.
    pub locale: Option<Locale>,
}
