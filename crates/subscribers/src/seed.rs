//! What a new installation begins with.

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId};
use sea_orm::ConnectionTrait;

use crate::form::{self, Form};
use crate::topic::Topic;

/// What was put in.
#[derive(Clone, Debug)]
pub struct Seeded {
    /// `offers`, `events` and `product-news`.
    pub topics: Vec<Topic>,
    /// The *E-shot opt in* form.
    pub form: Form,
}

/// Gives the first brand its three topics and its sign-up form, in the caller's transaction. What is there already stays.
pub async fn first_brand(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Seeded, form::Error> {
    let _ = (conn, brand, actor, now);
    todo!()
}
