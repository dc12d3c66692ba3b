use chrono::{DateTime, Utc};
use database::sql;
use domain::{MailboxProvider, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};
use serde_json::json;

use super::Claim;
use crate::dialect::{self, Locked};
use crate::lease;

/// A lane in which something is to be done.
#[derive(Debug, FromQueryResult)]
pub(super) struct Lane {
    pub(super) mailing_no: MailingNo,
    pub(super) lane: MailboxProvider,
    pub(super) mark: Ordinal,
    pub(super) last: Ordinal,
}

/// The lane whose turn it is, among those of open mailings that are not blocked; its row is locked if asked.
///
/// Only the lanes of open mailings are looked at, a few dozen, each by an index: neither what was sent nor what waits behind a
/// blocked provider costs anything.
pub(super) async fn next(
    conn: &impl ConnectionTrait,
    claim: &Claim<'_>,
    locked: Option<Locked>,
    now: DateTime<Utc>,
) -> Result<Option<Lane>, DbErr> {
    let sql = choosing(conn.get_database_backend(), claim.urgent_only, locked);
    let blocked: Vec<&str> = claim.blocked.iter().map(MailboxProvider::as_str).collect();
    let resting = claim.resting.iter().map(|(mailing, lane)| json!({ "mailing_no": mailing, "lane": lane }));
    let resting: Vec<_> = resting.collect();
    let latest = lease::latest(now).into();
    sql::one(conn, &sql, [now.into(), dialect::json(&blocked), dialect::json(&resting), latest]).await
}

/// The lane whose turn it is at `$1`: none of those in `$2` or `$3`, and no lease ends later than `$4`.
///
/// What is deferred is asked for by the first that is due, which an index has: for any that is due, PostgreSQL would read the whole lane
/// before it has statistics of a new mailing.
pub(crate) fn choosing(backend: DbBackend, urgent_only: bool, locked: Option<Locked>) -> String {
    let blocked = dialect::texts(backend, 2);
    let resting = dialect::rows(backend, 3, &[("mailing_no", "bigint"), ("lane", "text")]);
    let kinds = if urgent_only { " AND m.kind <> 'campaign'" } else { "" };
    let lock = locked.map(|locked| dialect::for_update(backend, "l", locked)).unwrap_or_default();
    format!(
        "SELECT l.mailing_no, l.lane, l.mark, l.last \
         FROM mailings m JOIN lanes l ON l.mailing_no = m.no \
         WHERE m.state = 'open'{kinds} AND l.lane NOT IN {blocked} \
         AND NOT EXISTS (SELECT 1 FROM {resting} WHERE v.mailing_no = l.mailing_no AND v.lane = l.lane) AND ( \
             l.mark < l.last \
             OR EXISTS (SELECT 1 FROM outbox_leases o \
                 WHERE o.mailing_no = l.mailing_no AND o.lane = l.lane AND (o.expires_at <= $1 OR o.expires_at > $4)) \
             OR (SELECT MIN(d.again_at) FROM deliveries d \
                 WHERE d.mailing_no = l.mailing_no AND d.lane = l.lane AND d.again_at IS NOT NULL) <= $1) \
         ORDER BY CASE m.kind WHEN 'campaign' THEN 1 ELSE 0 END, \
             (SELECT MAX(x.claimed_at) FROM lanes x WHERE x.mailing_no = l.mailing_no) NULLS FIRST, \
             l.claimed_at NULLS FIRST, l.mailing_no, l.lane \
         LIMIT 1{lock}"
    )
}
