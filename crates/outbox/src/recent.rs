//! How the last attempts ended, read back from the deliveries of each lane: for whoever looks now and then whether too many fail.

use chrono::{DateTime, Utc};
use database::sql;
use domain::{CampaignId, MailboxProvider, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How far back a lane is looked through for attempts that ended: what is claimed and what was skipped lies between them.
const REACH: i64 = 4_000;

/// A lane of an open mailing in which something was handed out lately.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct BusyLane {
    /// The mailing.
    pub mailing_no: MailingNo,
    /// Its campaign; standing streams have none.
    pub campaign_id: Option<CampaignId>,
    /// Who keeps the mailboxes.
    pub lane: MailboxProvider,
    /// Up to which ordinal everything was handed out.
    pub mark: Ordinal,
}

/// An attempt that has ended.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Ended {
    /// When.
    pub at: DateTime<Utc>,
    /// What `verdict` called it, if it was refused.
    pub class: Option<String>,
    /// The rule that said so.
    pub rule: Option<String>,
}

/// What an open mailing has had that is not as it should be.
#[derive(Copy, Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Trouble {
    /// The mailing.
    pub mailing_no: MailingNo,
    /// How many of its deliveries have failed, wait to be tried again, or were skipped. While it stays as it is, nothing new has
    /// failed.
    pub count: i64,
}

/// The trouble of every open mailing: a few rows for each, however many its deliveries are.
pub async fn troubles(conn: &impl ConnectionTrait) -> Result<Vec<Trouble>, DbErr> {
    let sql = "SELECT c.mailing_no, CAST(SUM(c.failed + c.deferred + c.skipped) AS bigint) AS count \
               FROM mailings m JOIN mailing_counts c ON c.mailing_no = m.no \
               WHERE m.state = 'open' GROUP BY c.mailing_no ORDER BY c.mailing_no";
    sql::all(conn, sql, []).await
}

/// The lanes of open mailings in which something was handed out since then.
pub async fn busy_lanes(conn: &impl ConnectionTrait, since: DateTime<Utc>) -> Result<Vec<BusyLane>, DbErr> {
    let sql = "SELECT l.mailing_no, m.campaign_id, l.lane, l.mark FROM mailings m JOIN lanes l ON l.mailing_no = m.no \
               WHERE m.state = 'open' AND l.claimed_at >= $1 ORDER BY l.mailing_no, l.lane";
    sql::all(conn, sql, [since.into()]).await
}

/// How the attempts at the last `most` deliveries of a lane ended that were offered to a relay, and as many of the last further attempts:
/// what is tried again may have been handed out long before. In no order that matters. What was taken and came back because the provider
/// refuses us has the class of that; what a relay refused before it knew the recipient says nothing of the provider, and has none.
pub async fn last_ended(conn: &impl ConnectionTrait, lane: &BusyLane, most: u32) -> Result<Vec<Ended>, DbErr> {
    let values =
        [lane.mailing_no.into(), lane.lane.clone().into(), lane.mark.into(), REACH.into(), i64::from(most).into()];
    sql::all(conn, LAST_ENDED, values).await
}

/// It goes down the index of the lane, and then down that of further attempts, and stops as soon as it has enough of each; what is in both
/// stands once. CROSS JOIN keeps SQLite from beginning with the attempts, or with the deliveries.
pub(crate) const LAST_ENDED: &str = "SELECT COALESCE(e.answered_at, e.noted_at) AS at, \
         CASE WHEN e.outcome = 'sent' AND e.returned_as = 'block' THEN e.returned_as \
              WHEN e.phase = 'mail_from' AND e.class = 'block' THEN NULL ELSE e.class END AS class, e.rule \
     FROM ( \
         SELECT a.ordinal, a.attempt, a.answered_at, a.noted_at, a.outcome, a.phase, a.class, a.rule, t.returned_as \
         FROM (SELECT r.mailing_no, r.ordinal, r.returned_as FROM ( \
                 SELECT d.mailing_no, d.ordinal, d.state, d.returned_as FROM deliveries d \
                 WHERE d.mailing_no = $1 AND d.lane = $2 AND d.ordinal <= $3 ORDER BY d.ordinal DESC LIMIT $4) AS r \
             WHERE r.state NOT IN ('queued', 'skipped') ORDER BY r.ordinal DESC LIMIT $5) AS t \
         CROSS JOIN attempts a WHERE a.mailing_no = t.mailing_no AND a.ordinal = t.ordinal AND a.offered \
         UNION \
         SELECT n.ordinal, n.attempt, n.answered_at, n.noted_at, n.outcome, n.phase, n.class, n.rule, n.returned_as FROM ( \
             SELECT a.ordinal, a.attempt, a.answered_at, a.noted_at, a.outcome, a.phase, a.class, a.rule, d.returned_as \
             FROM (SELECT b.* FROM attempts b WHERE b.mailing_no = $1 AND b.attempt > 1 \
                   ORDER BY b.noted_at DESC LIMIT $4) AS a \
             CROSS JOIN deliveries d WHERE d.mailing_no = $1 AND d.ordinal = a.ordinal AND d.lane = $2 AND a.offered \
             ORDER BY a.noted_at DESC LIMIT $5) AS n) AS e";

/// For how many recipients of a mailing no message could be made.
pub async fn unfit(conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<i64, DbErr> {
    let row = sql::row(conn, UNFIT, [mailing.into()]).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// It reads `deliveries_unfit`, which holds nothing else: all that a mailing has skipped may be most of it.
pub(crate) const UNFIT: &str = "SELECT COUNT(*) FROM deliveries d WHERE d.mailing_no = $1 AND d.unfit IS NOT NULL";

/// What the reason begins with for which a delivery is skipped because there is no message for it.
pub const UNFIT_BEGINS: &str = "cannot be composed: ";
