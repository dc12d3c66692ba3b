use database::sql;
use domain::AlertId;
use sea_orm::ConnectionTrait;

use crate::alert::{COLUMNS, Row};
use crate::{Alert, Error};

/// One alert.
pub async fn find(conn: &impl ConnectionTrait, id: AlertId) -> Result<Option<Alert>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE id = $1");
    sql::one::<Row>(conn, &sql, [id.into()]).await?.map(Alert::try_from).transpose()
}

/// Alerts, the newest first, from behind `after` on: those that last and that nobody has acknowledged, or all there ever were.
pub async fn list(
    conn: &impl ConnectionTrait,
    all: bool,
    after: Option<AlertId>,
    limit: u32,
) -> Result<Vec<Alert>, Error> {
    let standing = if all { "true" } else { "ended_at IS NULL AND acknowledged_at IS NULL" };
    let behind = if after.is_some() { "id < $2" } else { "true" };
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE {standing} AND {behind} ORDER BY id DESC LIMIT $1");
    let values = [Some(i64::from(limit).into()), after.map(Into::into)];
    let rows: Vec<Row> = sql::all(conn, &sql, values.into_iter().flatten()).await?;
    rows.into_iter().map(Alert::try_from).collect()
}
