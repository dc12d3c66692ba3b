//! `/api/v1/forms`.

mod create;
mod list;
mod revise;
mod show;
mod versions;

use ::subscribers::form::{Definition, Draft, Error, Form, Version};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, FormId, FormVersionId, Locale};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(show::handler, revise::handler))
        .routes(routes!(versions::handler))
}

/// A sign-up form.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Form)]
struct View {
    id: FormId,
    brand: BrandId,
    /// Its name in URLs: the page is `/forms/SLUG`.
    slug: String,
    /// Its name for staff.
    name: String,
    /// What it says and asks now. Its number is the form's version.
    current: VersionView,
    created_at: DateTime<Utc>,
    #[schema(value_type = String)]
    created_by: Actor,
    updated_at: DateTime<Utc>,
    #[schema(value_type = String)]
    updated_by: Actor,
}

/// What a form said and asked at one time. It is never changed: it is what people saw.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FormVersion)]
struct VersionView {
    id: FormVersionId,
    /// Counted from 1.
    number: i32,
    #[serde(flatten)]
    words: Words,
    created_at: DateTime<Utc>,
    #[schema(value_type = String)]
    created_by: Actor,
}

/// What a form says and asks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = FormWords)]
struct Words {
    /// Its language.
    locale: Locale,
    /// What the person agrees to by sending it.
    consent_words: String,
    /// The rest.
    definition: Definition,
    /// For how many days the link in the mail is good: 1 to 30.
    #[serde(default = "usual_days")]
    confirm_within_days: i32,
}

/// A form as it is to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = FormFields)]
struct Fields {
    /// Its name for staff: one line of 1 to 100 characters.
    name: String,
    #[serde(flatten)]
    words: Words,
}

const fn usual_days() -> i32 {
    7
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        Self {
            id: version.id,
            number: version.number,
            words: Words {
                locale: version.locale,
                consent_words: version.consent_words,
                definition: version.definition,
                confirm_within_days: version.confirm_within_days,
            },
            created_at: version.created_at,
            created_by: version.created_by,
        }
    }
}

impl From<Form> for View {
    fn from(form: Form) -> Self {
        Self {
            id: form.id,
            brand: form.brand,
            slug: form.slug,
            name: form.name,
            current: form.current.into(),
            created_at: form.created_at,
            created_by: form.created_by,
            updated_at: form.updated_at,
            updated_by: form.updated_by,
        }
    }
}

impl From<Fields> for Draft {
    fn from(Fields { name, words }: Fields) -> Self {
        let Words { locale, consent_words, definition, confirm_within_days } = words;
        Self { name, locale, consent_words, definition, confirm_within_days }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found(error),
            Error::Conflict { .. } => Self::changed(error),
            Error::SlugTaken(_) => Self::taken(error),
            Error::Invalid { field, words } => Self::field(field, words),
            Error::UnknownTopic(_) => Self::field("topics", error),
            Error::UnknownBrand(_) => Self::field("brand", error),
            Error::Brand(error) => error.into(),
            Error::Topic(error) => error.into(),
            Error::Row(_) | Error::Database(_) => Self::ours(&error),
        }
    }
}

#[cfg(test)]
mod tests;
