//! Providers that are left alone until a time, and why. They are rows, so that every instance and every restart knows.

use chrono::{DateTime, Utc};
use database::sql;
use domain::{Actor, MailboxProvider};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::warm_up;

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
    /// Who ended it early, if anybody did.
    pub lifted_by: Option<Actor>,
}

const COLUMNS: &str = "provider, until, rule, words, since, actor, lifted_by";

/// Leaves a provider alone until a time. A pause that lasts longer already stands. A day on which a rule does that is none by which a
/// relay is warmed up.
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
                   actor = excluded.actor, lifted_by = NULL, \
                   since = CASE WHEN provider_pauses.until > $5 AND provider_pauses.lifted_by IS NULL \
                       THEN provider_pauses.since ELSE excluded.since END \
               WHERE excluded.until > provider_pauses.until OR provider_pauses.lifted_by IS NOT NULL";
    if matches!(actor, Actor::Rule(_)) {
        warm_up::freeze(conn, provider, rule, words, now).await?;
    }
    let values = [provider.clone().into(), until.into(), rule.into(), words.into(), now.into(), actor.clone().into()];
    sql::execute(conn, sql, values).await.map(drop)
}

/// The providers that are left alone at this time. One whose pause was lifted is not, even if the clock was set back since.
pub async fn active(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Pause>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM provider_pauses WHERE until > $1 AND lifted_by IS NULL ORDER BY provider");
    sql::all(conn, &sql, [now.into()]).await
}

/// The last pause of a provider, under way or over, if there ever was one.
pub async fn last(conn: &impl ConnectionTrait, provider: &MailboxProvider) -> Result<Option<Pause>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM provider_pauses WHERE provider = $1");
    sql::one(conn, &sql, [provider.clone().into()]).await
}

/// Ends a pause early; the row keeps who did, beside who had set it. Says whether there was one.
pub async fn lift(
    conn: &impl ConnectionTrait,
    provider: &MailboxProvider,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "UPDATE provider_pauses SET until = $2, lifted_by = $3 \
               WHERE provider = $1 AND until > $2 AND lifted_by IS NULL";
    Ok(sql::execute(conn, sql, [provider.clone().into(), now.into(), actor.clone().into()]).await? == 1)
}
