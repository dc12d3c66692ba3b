use chrono::{DateTime, Utc};
use domain::{Actor, BrandId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, SqlErr, TryInsertResult};

use crate::entity::brand::{ActiveModel, Column, Entity};
use crate::{Brand, Draft, Error};

/// The brand with this id.
pub async fn find(conn: &impl ConnectionTrait, id: BrandId) -> Result<Option<Brand>, Error> {
    Entity::find_by_id(id).one(conn).await?.map(Brand::try_from).transpose()
}

/// The brand with this slug.
pub async fn find_by_slug(conn: &impl ConnectionTrait, slug: &str) -> Result<Option<Brand>, Error> {
    Entity::find().filter(Column::Slug.eq(slug)).one(conn).await?.map(Brand::try_from).transpose()
}

/// Every brand, by name. There are a handful.
pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Brand>, Error> {
    let rows = Entity::find().order_by_asc(Column::Name).order_by_asc(Column::Id).all(conn).await?;
    rows.into_iter().map(Brand::try_from).collect()
}

/// Makes a brand.
pub async fn create(
    conn: &impl ConnectionTrait,
    draft: Draft,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Brand, Error> {
    let draft = draft.checked()?;
    let (id, slug) = (BrandId::new(now), draft.slug.clone());
    let row = ActiveModel {
        id: Set(id),
        version: Set(1),
        created_at: Set(now),
        created_by: Set(actor.clone()),
        ..columns(draft, actor, now)
    };
    // A slug that is taken must not spoil the caller's transaction, as a violated constraint would on PostgreSQL.
    let insert = Entity::insert(row).on_conflict_do_nothing_on([Column::Slug]);
    match insert.exec_without_returning(conn).await? {
        TryInsertResult::Inserted(1) => find(conn, id).await?.ok_or(Error::NotFound(id)),
        _ => Err(Error::SlugTaken(slug)),
    }
}

/// Changes a brand that is still at the version that the change was meant for.
pub async fn update(
    conn: &impl ConnectionTrait,
    id: BrandId,
    expected: i64,
    draft: Draft,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Brand, Error> {
    let draft = draft.checked()?;
    let slug = draft.slug.clone();
    let row = ActiveModel { version: Set(expected + 1), ..columns(draft, actor, now) };
    let changed = Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(id))
        .filter(Column::Version.eq(expected))
        .exec(conn)
        .await
        .map_err(|error| match error.sql_err() {
            // The slug is all that is unique here beside the id, which is not touched.
            Some(SqlErr::UniqueConstraintViolation(_)) => Error::SlugTaken(slug),
            _ => error.into(),
        })?;
    let brand = find(conn, id).await?.ok_or(Error::NotFound(id))?;
    if changed.rows_affected == 0 {
        return Err(Error::Conflict { id, expected, actual: brand.version });
    }
    Ok(brand)
}

fn columns(draft: Draft, actor: &Actor, now: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        slug: Set(draft.slug),
        name: Set(draft.name),
        from_name: Set(draft.from_name),
        from_address: Set(draft.from_address),
        reply_to: Set(draft.reply_to),
        postal_address: Set(draft.postal_address),
        website: Set(draft.website.map(String::from)),
        privacy_url: Set(draft.privacy_url.map(String::from)),
        accent: Set(draft.accent),
        locale: Set(draft.locale),
        sending_domain: Set(draft.sending_domain),
        bounce_domain: Set(draft.bounce_domain),
        base_url: Set(draft.base_url.into()),
        soft_bounce_limit: Set(draft.soft_bounce_limit),
        soft_bounce_days: Set(draft.soft_bounce_days),
        alerts_address: Set(draft.alerts_address),
        anonymous_clicks: Set(draft.anonymous_clicks),
        hits_kept_days: Set(draft.hits_kept_days),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
        ..ActiveModel::default()
    }
}
