//! Providers that are left alone until a time, and why. They are rows, so that every instance and every restart knows.

use chrono::{DateTime, Utc};
use domain::{Actor, MailboxProvider};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

/// A provider that is left alone.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Pause {
    /// Which one.
    pub provider: MailboxProvider,
    /// Until when.
    pub until: DateTime<Utc>,
    /// The rule that said so.
    pub rule: String,
    /// The provider's words, or staff's reason.
    pub words: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Who said so.
    pub actor: Actor,
}

/// Leaves a provider alone until a time. A pause that lasts longer already stands.
pub async fn set(
    conn: &impl ConnectionTrait,
    provider: &MailboxProvider,
    until: DateTime<Utc>,
    rule: &str,
    words: &str,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO provider_pauses (provider, until, rule, words, since, actor) VALUES ($1, $2, $3, $4, $5, $6) \
               ON CONFLICT (provider) DO UPDATE SET until = excluded.until, rule = excluded.rule, words = excluded.words, \
                   actor = excluded.actor, \
                   since = CASE WHEN provider_pauses.until > $5 THEN provider_pauses.since ELSE excluded.since END \
               WHERE excluded.until > provider_pauses.until";
    let values = [provider.clone().into(), until.into(), rule.into(), words.into(), now.into(), actor.clone().into()];
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await.map(drop)
}

/// The providers that are left alone at this time.
pub async fn active(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Pause>, DbErr> {
    let sql =
        "SELECT provider, until, rule, words, since, actor FROM provider_pauses WHERE until > $1 ORDER BY provider";
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, [now.into()]);
    conn.query_all_raw(statement).await?.iter().map(|row| Pause::from_query_result(row, "")).collect()
}

/// Ends a pause early; the row keeps who did. Says whether there was one.
pub async fn lift(
    conn: &impl ConnectionTrait,
    provider: &MailboxProvider,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE provider_pauses SET until = $2, actor = $3 WHERE provider = $1 AND until > $2";
    let values = [provider.clone().into(), now.into(), actor.clone().into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.execute_raw(statement).await?.rows_affected() == 1)
}
