//! `/api/v1/brands`.

mod create;
mod list;
mod show;
mod update;

use ::brands::{Brand, Draft, Error};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, EmailAddress, Locale};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{FieldProblem, Problem};
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list::handler, create::handler)).routes(routes!(show::handler, update::handler))
}

/// A sender identity.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Brand)]
struct View {
    id: BrandId,
    #[serde(flatten)]
    fields: Fields,
    version: i64,
    created_at: DateTime<Utc>,
    #[schema(value_type = String)]
    created_by: Actor,
    updated_at: DateTime<Utc>,
    #[schema(value_type = String)]
    updated_by: Actor,
}

/// What can be said of a brand.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = BrandFields)]
struct Fields {
    /// Its name in URLs: small letters, digits and hyphens, up to 40.
    slug: String,
    /// Its name for people.
    name: String,
    /// The display name in From.
    from_name: String,
    /// The address in From, at the sending domain or below it.
    #[schema(value_type = String, format = "email")]
    from_address: EmailAddress,
    /// Where answers go, if not to the address in From.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "email")]
    reply_to: Option<EmailAddress>,
    /// The street address for every footer.
    postal_address: String,
    /// The brand's own site.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri")]
    website: Option<Url>,
    /// The privacy policy.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uri")]
    privacy_url: Option<Url>,
    /// The colour of buttons.
    #[schema(example = "#0b6e4f")]
    accent: String,
    /// The language of its system mails.
    locale: Locale,
    /// The `d=` of its signatures.
    sending_domain: String,
    /// Where its returned mail goes.
    bounce_domain: String,
    /// What its links begin with.
    #[schema(value_type = String, format = "uri")]
    base_url: Url,
    /// How many soft failures suppress an address: 1 to 100.
    #[serde(default = "usual_limit")]
    soft_bounce_limit: i32,
    /// Over how many days at least they must be spread: 0 to 365.
    #[serde(default = "usual_days")]
    soft_bounce_days: i32,
    /// Where alerts are mailed; nowhere if it is not said.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "email")]
    alerts_address: Option<EmailAddress>,
    /// Whether links in mails to people who did not agree to be counted carry campaign and link, so that clicks are counted without saying
    /// whose they are.
    #[serde(default)]
    anonymous_clicks: bool,
    /// For how many days it is kept who opened and clicked, and from which network: 1 to 365.
    #[serde(default = "usual_keeping")]
    hits_kept_days: i32,
}

const fn usual_limit() -> i32 {
    3
}

const fn usual_days() -> i32 {
    14
}

const fn usual_keeping() -> i32 {
    30
}

impl From<Brand> for View {
    fn from(brand: Brand) -> Self {
        Self {
            id: brand.id,
            version: brand.version,
            created_at: brand.created_at,
            created_by: brand.created_by.clone(),
            updated_at: brand.updated_at,
            updated_by: brand.updated_by.clone(),
            fields: Fields {
                slug: brand.slug,
                name: brand.name,
                from_name: brand.from_name,
                from_address: brand.from_address,
                reply_to: brand.reply_to,
                postal_address: brand.postal_address,
                website: brand.website,
                privacy_url: brand.privacy_url,
                accent: brand.accent,
                locale: brand.locale,
                sending_domain: brand.sending_domain,
                bounce_domain: brand.bounce_domain,
                base_url: brand.base_url,
                soft_bounce_limit: brand.soft_bounce_limit,
                soft_bounce_days: brand.soft_bounce_days,
                alerts_address: brand.alerts_address,
                anonymous_clicks: brand.anonymous_clicks,
                hits_kept_days: brand.hits_kept_days,
            },
        }
    }
}

impl From<Fields> for Draft {
    fn from(fields: Fields) -> Self {
        Self {
            slug: fields.slug,
            name: fields.name,
            from_name: fields.from_name,
            from_address: fields.from_address,
            reply_to: fields.reply_to,
            postal_address: fields.postal_address,
            website: fields.website,
            privacy_url: fields.privacy_url,
            accent: fields.accent,
            locale: fields.locale,
            sending_domain: fields.sending_domain,
            bounce_domain: fields.bounce_domain,
            base_url: fields.base_url,
            soft_bounce_limit: fields.soft_bounce_limit,
            soft_bounce_days: fields.soft_bounce_days,
            alerts_address: fields.alerts_address,
            anonymous_clicks: fields.anonymous_clicks,
            hits_kept_days: fields.hits_kept_days,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found(error),
            Error::Conflict { .. } => Self::changed(error),
            Error::SlugTaken(_) => Self::taken(error),
            Error::Invalid(problems) => {
                let detail = problems.to_string();
                let errors = problems.0.into_iter();
                let errors =
                    errors.map(|problem| FieldProblem { field: problem.field.to_owned(), detail: problem.words });
                Self::fields(detail, errors.collect())
            }
            Error::Row { .. } | Error::Database(_) => Self::ours(&error),
        }
    }
}

#[cfg(test)]
mod tests;
