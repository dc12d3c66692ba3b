//! `/api/v1/topics`.

mod archive;
mod create;
mod list;
mod show;
mod update;

use ::subscribers::topic::{Draft, Error, Topic};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, TopicId, TopicNo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(show::handler, update::handler))
        .routes(routes!(archive::handler))
}

/// What people subscribe to.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Topic)]
struct View {
    id: TopicId,
    /// Its number, which links carry.
    no: TopicNo,
    brand: BrandId,
    #[serde(flatten)]
    fields: Fields,
    version: i64,
    created_at: DateTime<Utc>,
    #[schema(value_type = String)]
    created_by: Actor,
    updated_at: DateTime<Utc>,
    #[schema(value_type = String)]
    updated_by: Actor,
    /// Since when it takes nobody any more.
    archived_at: Option<DateTime<Utc>>,
}

/// What can be said of a topic.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TopicFields)]
struct Fields {
    /// 1 to 40 small letters, digits and hyphens, unique in the brand.
    slug: String,
    /// One line of 1 to 100 characters.
    name: String,
    /// What subscribing to it means, for people; up to 500 characters.
    #[serde(default)]
    description: String,
    /// Its place among the brand's topics.
    #[serde(default)]
    position: i32,
}

impl From<Topic> for View {
    fn from(topic: Topic) -> Self {
        Self {
            id: topic.id,
            no: topic.no,
            brand: topic.brand,
            fields: Fields {
                slug: topic.slug,
                name: topic.name,
                description: topic.description,
                position: topic.position,
            },
            version: topic.version,
            created_at: topic.created_at,
            created_by: topic.created_by,
            updated_at: topic.updated_at,
            updated_by: topic.updated_by,
            archived_at: topic.archived_at,
        }
    }
}

impl From<Fields> for Draft {
    fn from(fields: Fields) -> Self {
        let Fields { slug, name, description, position } = fields;
        Self { slug, name, description, position }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found(error),
            Error::Conflict { .. } => Self::changed(error),
            Error::SlugTaken(_) => Self::taken(error),
            Error::Invalid { field, words } => Self::field(field, words),
            Error::UnknownBrand(_) => Self::field("brand", error),
            Error::Database(_) => Self::ours(&error),
        }
    }
}

#[cfg(test)]
mod tests;
