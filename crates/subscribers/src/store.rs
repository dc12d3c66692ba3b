use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, EmailAddress, MasterKeys, SubscriberId, TopicId};
use sea_orm::ConnectionTrait;

use crate::subscription::State;
use crate::{Change, Error, New, Subscriber};

/// Which subscribers a list shows. All by default.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those who stand to this topic in any state, or in the one given.
    pub topic: Option<(TopicId, Option<State>)>,
    /// Those whose address begins so.
    pub email_prefix: Option<String>,
}

/// The person with this id.
pub async fn find(conn: &impl ConnectionTrait, id: SubscriberId) -> Result<Option<Subscriber>, Error> {
    let _ = (conn, id);
    todo!()
}

/// The person with this address.
pub async fn find_by_email(conn: &impl ConnectionTrait, email: &EmailAddress) -> Result<Option<Subscriber>, Error> {
    let _ = (conn, email);
    todo!()
}

/// Those of these people who are on file, in no order.
pub async fn find_many(conn: &impl ConnectionTrait, ids: &[SubscriberId]) -> Result<Vec<Subscriber>, Error> {
    let _ = (conn, ids);
    todo!()
}

/// People by the time that they came on file, beginning behind `after`.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<SubscriberId>,
    limit: u64,
) -> Result<Vec<Subscriber>, Error> {
    let _ = (conn, filter, after, limit);
    todo!()
}

/// Brings a person on file and subscribes them on the basis that is named.
pub async fn create(
    db: &Database,
    keys: &MasterKeys,
    new: New,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Subscriber, Error> {
    let _ = (db, keys, new, actor, now);
    todo!()
}

/// Changes a person who is still at the version that the change was meant for.
pub async fn update(
    db: &Database,
    keys: &MasterKeys,
    id: SubscriberId,
    expected: i64,
    change: Change,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Subscriber, Error> {
    let _ = (db, keys, id, expected, change, actor, now);
    todo!()
}
