use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, FormId, FormVersionId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, SqlErr, TryInsertResult};

use super::{Draft, Error, Form, Version};
use crate::entity::{form, form_version};

/// The form with this id.
pub async fn find(conn: &impl ConnectionTrait, id: FormId) -> Result<Option<Form>, Error> {
    match form::Entity::find_by_id(id).one(conn).await? {
        Some(row) => with_current(conn, row).await.map(Some),
        None => Ok(None),
    }
}

/// The form with this slug.
pub async fn find_by_slug(conn: &impl ConnectionTrait, slug: &str) -> Result<Option<Form>, Error> {
    match form::Entity::find().filter(form::Column::Slug.eq(slug)).one(conn).await? {
        Some(row) => with_current(conn, row).await.map(Some),
        None => Ok(None),
    }
}

/// Every form, or a brand's, by slug. There are a handful.
pub async fn list(conn: &impl ConnectionTrait, brand: Option<BrandId>) -> Result<Vec<Form>, Error> {
    let mut select = form::Entity::find().order_by_asc(form::Column::Slug);
    if let Some(brand) = brand {
        select = select.filter(form::Column::BrandId.eq(brand));
    }
    let mut forms = Vec::new();
    for row in select.all(conn).await? {
        forms.push(with_current(conn, row).await?);
    }
    Ok(forms)
}

/// One version of a form, old or new.
pub async fn version(conn: &impl ConnectionTrait, id: FormVersionId) -> Result<Option<Version>, Error> {
    form_version::Entity::find_by_id(id).one(conn).await?.map(Version::try_from).transpose()
}

/// Every version of a form, oldest first.
pub async fn versions(conn: &impl ConnectionTrait, form: FormId) -> Result<Vec<Version>, Error> {
    let rows = form_version::Entity::find().filter(form_version::Column::FormId.eq(form));
    let rows = rows.order_by_asc(form_version::Column::Version).all(conn).await?;
    rows.into_iter().map(Version::try_from).collect()
}

/// Makes a form, in the caller's transaction.
pub async fn create(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    slug: &str,
    draft: Draft,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Form, Error> {
    draft.check_slug(slug)?;
    draft.check(conn, brand).await?;
    let id = FormId::new(now);
    let row = form::ActiveModel {
        id: Set(id),
        brand_id: Set(brand),
        slug: Set(slug.to_owned()),
        name: Set(draft.name.clone()),
        current_version: Set(1),
        created_at: Set(now),
        created_by: Set(actor.clone()),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
    };
    let insert = form::Entity::insert(row).on_conflict_do_nothing_on([form::Column::Slug]);
    match insert.exec_without_returning(conn).await {
        Ok(TryInsertResult::Inserted(1)) => {}
        Ok(_) => return Err(Error::SlugTaken(slug.to_owned())),
        Err(error) => {
            return Err(match error.sql_err() {
                Some(SqlErr::ForeignKeyConstraintViolation(_)) => Error::UnknownBrand(brand),
                _ => error.into(),
            });
        }
    }
    put_version(conn, id, 1, draft, actor, now).await?;
    find(conn, id).await?.ok_or(Error::NotFound(id))
}

/// Gives a form that is still at version `expected` the next one. The one before stays as it was.
pub async fn revise(
    db: &Database,
    id: FormId,
    expected: i32,
    draft: Draft,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Form, Error> {
    let txn = db.begin().await?;
    let row = form::Entity::find_by_id(id).one(&txn).await?.ok_or(Error::NotFound(id))?;
    draft.check(&txn, row.brand_id).await?;
    let next = form::ActiveModel {
        name: Set(draft.name.clone()),
        current_version: Set(expected + 1),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
        ..form::ActiveModel::default()
    };
    let changed = form::Entity::update_many()
        .set(next)
        .filter(form::Column::Id.eq(id))
        .filter(form::Column::CurrentVersion.eq(expected))
        .exec(&txn)
        .await?;
    if changed.rows_affected == 0 {
        return Err(Error::Conflict { id, expected, actual: row.current_version });
    }
    put_version(&txn, id, expected + 1, draft, actor, now).await?;
    let form = find(&txn, id).await?.ok_or(Error::NotFound(id))?;
    txn.commit().await?;
    Ok(form)
}

async fn put_version(
    conn: &impl ConnectionTrait,
    form: FormId,
    number: i32,
    draft: Draft,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = FormVersionId::new(now);
    let row = form_version::ActiveModel {
        id: Set(id),
        form_id: Set(form),
        version: Set(number),
        locale: Set(draft.locale),
        consent_words: Set(draft.consent_words),
        definition: Set(serde_json::to_string(&draft.definition).map_err(|_| Error::Row(id))?),
        confirm_within_days: Set(draft.confirm_within_days),
        created_at: Set(now),
        created_by: Set(actor.clone()),
    };
    form_version::Entity::insert(row).exec_without_returning(conn).await?;
    Ok(())
}

async fn with_current(conn: &impl ConnectionTrait, row: form::Model) -> Result<Form, Error> {
    let current = form_version::Entity::find()
        .filter(form_version::Column::FormId.eq(row.id))
        .filter(form_version::Column::Version.eq(row.current_version))
        .one(conn)
        .await?
        .ok_or(Error::NotFound(row.id))?;
    Ok(Form {
        id: row.id,
        brand: row.brand_id,
        slug: row.slug,
        name: row.name,
        current: current.try_into()?,
        created_at: row.created_at,
        created_by: row.created_by,
        updated_at: row.updated_at,
        updated_by: row.updated_by,
    })
}

impl TryFrom<form_version::Model> for Version {
    type Error = Error;

    fn try_from(row: form_version::Model) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            form: row.form_id,
            number: row.version,
            locale: row.locale,
            consent_words: row.consent_words,
            definition: serde_json::from_str(&row.definition).map_err(|_| Error::Row(row.id))?,
            confirm_within_days: row.confirm_within_days,
            created_at: row.created_at,
            created_by: row.created_by,
        })
    }
}
