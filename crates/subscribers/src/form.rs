//! Sign-up forms. A version of a form is never changed: it is what a person saw.

mod check;
mod definition;
mod store;

pub use definition::{Definition, Field, FieldSpec};
pub use store::{create, find, find_by_slug, list, revise, version, versions};

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, FormId, FormVersionId, Locale, TopicId};

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its id.
    pub id: FormId,
    /// Whose it is.
    pub brand: BrandId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for staff.
    pub name: String,
    /// What it says and asks now.
    pub current: Version,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Actor,
}

/// What a form said and asked at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: FormVersionId,
    /// Of which form.
    pub form: FormId,
    /// Counted from 1.
    pub number: i32,
    /// Its language.
    pub locale: Locale,
    /// What the person agrees to by sending it.
    pub consent_words: String,
    /// The rest.
    pub definition: Definition,
    /// For how many days the link in the mail is good.
    pub confirm_within_days: i32,
    /// Since when it stands.
    pub created_at: DateTime<Utc>,
    /// By whom it was written.
    pub created_by: Actor,
}

/// What a form is to say and ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its name for staff: one line of 1 to 100 characters.
    pub name: String,
    /// Its language.
    pub locale: Locale,
    /// What the person agrees to by sending it.
    pub consent_words: String,
    /// The rest.
    pub definition: Definition,
    /// For how many days the link in the mail is good: 1 to 30.
    pub confirm_within_days: i32,
}

/// Why something could not be done with a form.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("form {0} does not exist")]
    NotFound(FormId),
    /// Somebody else was faster.
    #[error("form {id} was changed meanwhile: it is at version {actual}, not {expected}")]
    Conflict {
        /// The form.
        id: FormId,
        /// The version that the change was meant for.
        expected: i32,
        /// The version that there is.
        actual: i32,
    },
    /// Slugs are unique.
    #[error("there is a form with the slug {0:?} already")]
    SlugTaken(String),
    /// A field cannot be as it is.
    #[error("{field} {words}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What would be right.
        words: &'static str,
    },
    /// There is no such topic in the brand, or it is archived.
    #[error("the brand has no topic {0} that takes people")]
    UnknownTopic(TopicId),
    /// There is no such brand.
    #[error("brand {0} does not exist")]
    UnknownBrand(BrandId),
    /// The row holds what was never written by this program.
    #[error("version {0} of a form does not read as one")]
    Row(FormVersionId),
    /// The brand could not be looked up.
    #[error("the brand of the form cannot be looked up")]
    Brand(#[from] brands::Error),
    /// A topic could not be looked up or made.
    #[error("a topic of the form cannot be looked up or made")]
    Topic(#[from] crate::topic::Error),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}
