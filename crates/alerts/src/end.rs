use chrono::{DateTime, Utc};
use database::sql;
use domain::{CampaignId, MailboxProvider};
use limits::{Cause, Level};
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
    let mut ended = 0;
    for provider in lasting_providers(conn).await?.into_iter().filter(|provider| !held.contains(provider)) {
        ended += end(conn, &Subject::Provider(provider), now).await?;
    }
    Ok(ended)
}

/// The providers about which an alert lasts, acknowledged or not.
pub async fn lasting_providers(conn: &impl ConnectionTrait) -> Result<Vec<MailboxProvider>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        provider: MailboxProvider,
    }
    let sql = "SELECT DISTINCT provider FROM alerts WHERE provider IS NOT NULL AND ended_at IS NULL ORDER BY provider";
    Ok(sql::all::<Row>(conn, sql, []).await?.into_iter().map(|row| row.provider).collect())
}

/// The campaigns about which an alert lasts, acknowledged or not.
pub async fn lasting_campaigns(conn: &impl ConnectionTrait) -> Result<Vec<CampaignId>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        campaign_id: CampaignId,
    }
    let sql = "SELECT DISTINCT campaign_id FROM alerts WHERE campaign_id IS NOT NULL AND ended_at IS NULL \
               ORDER BY campaign_id";
    Ok(sql::all::<Row>(conn, sql, []).await?.into_iter().map(|row| row.campaign_id).collect())
}

/// Whether an alert for this lasts, acknowledged or not: raising it would be no news.
pub async fn lasts(conn: &impl ConnectionTrait, subject: &Subject, cause: Cause, level: Level) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM alerts WHERE subject = $1 AND cause = $2 AND level = $3 AND ended_at IS NULL";
    Ok(sql::row(conn, sql, [subject.to_string().into(), cause.into(), level.into()]).await?.is_some())
}
