//! What people subscribe to: offers, events, product news, or any other. A topic belongs to one brand.

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, TopicId, TopicNo};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr, TryInsertResult,
};

use crate::dialect;
use crate::entity::topic::{ActiveModel, Column, Entity, Model};

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: TopicId,
    /// Its number, which links carry.
    pub no: TopicNo,
    /// Whose it is.
    pub brand: BrandId,
    /// Its name in URLs, unique in the brand.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What subscribing to it means, for people.
    pub description: String,
    /// Its place among the brand's topics.
    pub position: i32,
    /// Grows by one with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Actor,
    /// Since when it takes nobody any more.
    pub archived_at: Option<DateTime<Utc>>,
}

/// A topic as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// 1 to 40 small letters, digits and hyphens.
    pub slug: String,
    /// One line of 1 to 100 characters.
    pub name: String,
    /// Up to 500 characters.
    pub description: String,
    /// Its place among the brand's topics.
    pub position: i32,
}

/// Why something could not be done with a topic.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("topic {0} does not exist")]
    NotFound(TopicId),
    /// Somebody else was faster.
    #[error("topic {id} was changed meanwhile: it is at version {actual}, not {expected}")]
    Conflict {
        /// The topic.
        id: TopicId,
        /// The version that the change was meant for.
        expected: i64,
        /// The version that there is.
        actual: i64,
    },
    /// Slugs are unique in a brand.
    #[error("the brand has a topic with the slug {0:?} already")]
    SlugTaken(String),
    /// A field cannot be as it is.
    #[error("{field} {words}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What would be right.
        words: &'static str,
    },
    /// There is no such brand.
    #[error("brand {0} does not exist")]
    UnknownBrand(BrandId),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

impl From<Model> for Topic {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            no: row.no,
            brand: row.brand_id,
            slug: row.slug,
            name: row.name,
            description: row.description,
            position: row.position,
            version: row.version,
            created_at: row.created_at,
            created_by: row.created_by,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
            archived_at: row.archived_at,
        }
    }
}

/// The topic with this id.
pub async fn find(conn: &impl ConnectionTrait, id: TopicId) -> Result<Option<Topic>, Error> {
    Ok(Entity::find_by_id(id).one(conn).await?.map(Topic::from))
}

/// The topic that links call by this number.
pub async fn find_by_no(conn: &impl ConnectionTrait, no: TopicNo) -> Result<Option<Topic>, Error> {
    Ok(Entity::find().filter(Column::No.eq(no)).one(conn).await?.map(Topic::from))
}

/// A brand's topics in its order, archived ones too. There are a handful.
pub async fn list(conn: &impl ConnectionTrait, brand: BrandId) -> Result<Vec<Topic>, Error> {
    let rows = Entity::find().filter(Column::BrandId.eq(brand));
    let rows = rows.order_by_asc(Column::Position).order_by_asc(Column::Id).all(conn).await?;
    Ok(rows.into_iter().map(Topic::from).collect())
}

/// Makes a topic. In the caller's transaction, because its number is the next one.
pub async fn create(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    draft: Draft,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Topic, Error> {
    draft.check()?;
    dialect::number_topics_alone(conn).await?;
    let last: Option<Option<TopicNo>> =
        Entity::find().select_only().column_as(Column::No.max(), "no").into_tuple().one(conn).await?;
    let (id, slug) = (TopicId::new(now), draft.slug.clone());
    let row = ActiveModel {
        id: Set(id),
        no: Set(TopicNo(last.flatten().map_or(1, |no| no.0 + 1))),
        brand_id: Set(brand),
        version: Set(1),
        created_at: Set(now),
        created_by: Set(actor.clone()),
        ..columns(draft, actor, now)
    };
    let insert = Entity::insert(row).on_conflict_do_nothing_on([Column::BrandId, Column::Slug]);
    match insert.exec_without_returning(conn).await {
        Ok(TryInsertResult::Inserted(1)) => find(conn, id).await?.ok_or(Error::NotFound(id)),
        Ok(_) => Err(Error::SlugTaken(slug)),
        Err(error) => Err(match error.sql_err() {
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Error::UnknownBrand(brand),
            _ => error.into(),
        }),
    }
}

/// Changes a topic that is still at the version that the change was meant for.
pub async fn update(
    conn: &impl ConnectionTrait,
    id: TopicId,
    expected: i64,
    draft: Draft,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Topic, Error> {
    draft.check()?;
    let slug = draft.slug.clone();
    change(conn, id, expected, columns(draft, actor, now)).await.map_err(|error| match error {
        // The slug is all that is unique here beside id and number, which are not touched.
        Error::Database(ref source) if matches!(source.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Error::SlugTaken(slug)
        }
        error => error,
    })
}

/// Lets a topic take nobody any more. Who is subscribed stays so, and may leave.
pub async fn archive(
    conn: &impl ConnectionTrait,
    id: TopicId,
    expected: i64,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Topic, Error> {
    let row = ActiveModel {
        archived_at: Set(Some(now)),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
        ..ActiveModel::default()
    };
    change(conn, id, expected, row).await
}

async fn change(conn: &impl ConnectionTrait, id: TopicId, expected: i64, row: ActiveModel) -> Result<Topic, Error> {
    let changed = Entity::update_many()
        .set(ActiveModel { version: Set(expected + 1), ..row })
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(expected))
        .exec(conn)
        .await?;
    let topic = find(conn, id).await?.ok_or(Error::NotFound(id))?;
    if changed.rows_affected == 0 {
        return Err(Error::Conflict { id, expected, actual: topic.version });
    }
    Ok(topic)
}

fn columns(draft: Draft, actor: &Actor, now: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        slug: Set(draft.slug),
        name: Set(draft.name),
        description: Set(draft.description),
        position: Set(draft.position),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
        ..ActiveModel::default()
    }
}

impl Draft {
    fn check(&self) -> Result<(), Error> {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let invalid = |field, words| Err(Error::Invalid { field, words });
        if !(1..=40).contains(&self.slug.len()) || !self.slug.bytes().all(known) {
            return invalid("slug", "must be 1 to 40 small letters, digits and hyphens");
        }
        if !(1..=100).contains(&self.name.trim().chars().count()) || self.name.chars().any(char::is_control) {
            return invalid("name", "must be one line of 1 to 100 characters");
        }
        if self.description.chars().count() > 500 {
            return invalid("description", "must have 500 characters at most");
        }
        Ok(())
    }
}
