use chrono::{DateTime, Utc};
use database::{Column, Database, sql};
use domain::{MailboxProvider, MailingNo, Ordinal};
use sea_orm::{DbBackend, DbErr, FromQueryResult};
use serde_json::json;

use crate::dialect::{self, Locked};
use crate::lease;

/// A lane in which a first attempt may still be to come or be under way, among what was handed out.
#[derive(Debug, FromQueryResult)]
pub(super) struct Lane {
    pub(super) mailing_no: MailingNo,
    pub(super) lane: MailboxProvider,
    /// Up to here every first attempt is over.
    pub(super) settled: Ordinal,
    pub(super) mark: Ordinal,
    /// The first behind it whose first attempt is not.
    unsettled: Option<Ordinal>,
    overdue: Option<Ordinal>,
}

impl Lane {
    pub(super) const fn is_overdue(&self) -> bool {
        self.overdue.is_some()
    }

    /// Up to where every first attempt was over when the lane was looked at. It stays so: a row that has left *queued* never comes
    /// back to it, and whatever is enqueued later comes behind the mark.
    fn settles(&self) -> Ordinal {
        self.unsettled.map_or(self.mark, |ordinal| Ordinal(ordinal.0 - 1))
    }
}

/// Every such lane.
pub(super) async fn look(db: &Database, now: DateTime<Utc>) -> Result<Vec<Lane>, DbErr> {
    sql::all(db.reader(), &unsettled(), [now.into(), lease::latest(now).into()]).await
}

/// The lanes in which something may be under way, the first delivery of each about which that is so, and one that is overdue at `$1`,
/// or by a clock that was set back since, `$2`.
///
/// Each is asked for on its own, so that PostgreSQL has no choice but to go along the index of the lane.
pub(crate) fn unsettled() -> String {
    const THESE: &str = "SELECT d.ordinal FROM deliveries d WHERE d.mailing_no = l.mailing_no AND d.lane = l.lane \
                         AND d.ordinal > l.settled AND d.ordinal <= l.mark";
    format!(
        "SELECT l.mailing_no, l.lane, l.settled, l.mark, \
             ({THESE} AND d.state IN ('queued', 'submitting') AND d.attempt <= 1 ORDER BY d.ordinal LIMIT 1) AS unsettled, \
             ({THESE} AND d.state = 'submitting' AND (d.due_at <= $1 OR d.due_at > $2) ORDER BY d.ordinal LIMIT 1) AS overdue \
         FROM lanes l WHERE l.settled < l.mark ORDER BY l.mailing_no, l.lane"
    )
}

/// Keeps how far each lane is settled. A lane that somebody claims from at this moment is left for the next time: who waited for it
/// while holding others could be waited for.
pub(super) async fn settle(db: &Database, lanes: &[Lane]) -> Result<(), DbErr> {
    let settled = lanes
        .iter()
        .filter(|lane| lane.settles() > lane.settled)
        .map(|lane| json!({"mailing_no": lane.mailing_no, "lane": lane.lane, "settled": lane.settles()}));
    let settled: Vec<_> = settled.collect();
    if settled.is_empty() {
        return Ok(());
    }
    sql::execute(db.writer(), &settling(db.backend()), [dialect::json(&settled)]).await.map(drop)
}

/// Moves what is settled of the lanes `$1` ahead.
pub(crate) fn settling(backend: DbBackend) -> String {
    const SETTLED: &[Column] = &[("mailing_no", "bigint"), ("lane", "text"), ("settled", "bigint")];
    format!(
        "UPDATE lanes SET settled = v.settled FROM {} \
         WHERE lanes.mailing_no = v.mailing_no AND lanes.lane = v.lane AND lanes.settled < v.settled \
           AND (lanes.mailing_no, lanes.lane) IN ( \
               SELECT l.mailing_no, l.lane FROM lanes l WHERE l.settled < l.mark{})",
        dialect::rows(backend, 1, SETTLED),
        dialect::for_update(backend, "l", Locked::Skip)
    )
}
