use chrono::{DateTime, Utc};
use database::sql;
use domain::MailboxProvider;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::Subject;

/// What the alerts about this subject told of is over: the same would be news again. Says how many they were.
pub async fn end(conn: &impl ConnectionTrait, subject: &Subject, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let sql = "UPDATE alerts SET ended_at = $2 WHERE subject = $1 AND ended_at IS NULL";
    sql::execute(conn, sql, [subject.to_string().into(), now.into()]).await
}

/// Ends the alerts about every provider that is not among these. Says how many they were.
pub async fn end_all_providers_but(
    conn: &impl ConnectionTrait,
    held: &[MailboxProvider],
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        provider: MailboxProvider,
    }
    let lasting = "SELECT DISTINCT provider FROM alerts WHERE provider IS NOT NULL AND ended_at IS NULL";
    let rows: Vec<Row> = sql::all(conn, lasting, []).await?;
    let mut ended = 0;
    for row in rows.into_iter().filter(|row| !held.contains(&row.provider)) {
        ended += end(conn, &Subject::Provider(row.provider), now).await?;
    }
    Ok(ended)
}
