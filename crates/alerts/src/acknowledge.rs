use chrono::{DateTime, Utc};
use database::sql;
use domain::{Actor, AlertId};
use sea_orm::ConnectionTrait;

use crate::{Alert, Error, store};

/// Somebody knows: it is shown to nobody else any more, and is not raised again while it lasts. To say so twice is harmless; the
/// first stays.
pub async fn acknowledge(
    conn: &impl ConnectionTrait,
    id: AlertId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Alert, Error> {
    let sql = "UPDATE alerts SET acknowledged_at = $2, acknowledged_by = $3 WHERE id = $1 AND acknowledged_at IS NULL";
    sql::execute(conn, sql, [id.into(), now.into(), actor.clone().into()]).await?;
    store::find(conn, id).await?.ok_or(Error::NotFound(id))
}
