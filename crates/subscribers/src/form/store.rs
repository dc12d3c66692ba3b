use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, FormId, FormVersionId};
use sea_orm::ConnectionTrait;

use super::{Draft, Error, Form, Version};

/// The form with this id.
pub async fn find(conn: &impl ConnectionTrait, id: FormId) -> Result<Option<Form>, Error> {
    let _ = (conn, id);
    todo!()
}

/// The form with this slug.
pub async fn find_by_slug(conn: &impl ConnectionTrait, slug: &str) -> Result<Option<Form>, Error> {
    let _ = (conn, slug);
    todo!()
}

/// Every form, or a brand's, by slug.
pub async fn list(conn: &impl ConnectionTrait, brand: Option<BrandId>) -> Result<Vec<Form>, Error> {
    let _ = (conn, brand);
    todo!()
}

/// One version of a form, old or new.
pub async fn version(conn: &impl ConnectionTrait, id: FormVersionId) -> Result<Option<Version>, Error> {
    let _ = (conn, id);
    todo!()
}

/// Every version of a form, oldest first.
pub async fn versions(conn: &impl ConnectionTrait, form: FormId) -> Result<Vec<Version>, Error> {
    let _ = (conn, form);
    todo!()
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
    let _ = (conn, brand, slug, draft, actor, now);
    todo!()
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
    let _ = (db, id, expected, draft, actor, now);
    todo!()
}
