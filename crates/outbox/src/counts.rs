use std::collections::BTreeMap;

use database::{Writes, sql};
use domain::{InstanceId, MailingNo};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use serde::{Deserialize, Serialize};

use crate::State;

/// Whoever changes a delivery without being a sender's instance counts here.
pub(crate) const COMMON_SHARD: InstanceId = InstanceId::from_bytes([0; 16]);

/// How a mailing stands. The states always add up to everybody it was for; what came back is counted beside them.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromQueryResult, utoipa::ToSchema)]
pub struct Counts {
    /// Waiting for a first attempt.
    pub queued: i64,
    /// With a relay at this moment.
    pub submitting: i64,
    /// Taken by a relay.
    pub sent: i64,
    /// To be tried again.
    pub deferred: i64,
    /// Refused for good, or given up.
    pub failed: i64,
    /// Held, because nobody knows.
    pub in_doubt: i64,
    /// Never tried.
    pub skipped: i64,
    /// Of all these: came back.
    pub bounced: i64,
    /// Of all these: were complained about.
    pub complained: i64,
}

impl Counts {
    /// Everybody the mailing was for.
    pub const fn audience(&self) -> i64 {
        self.open() + self.sent + self.failed + self.in_doubt + self.skipped
    }

    /// Those about whom the program will still do something by itself.
    pub const fn open(&self) -> i64 {
        self.queued + self.submitting + self.deferred
    }

    /// How many are in `state`.
    pub const fn of(&self, state: State) -> i64 {
        match state {
            State::Queued => self.queued,
            State::Submitting => self.submitting,
            State::Sent => self.sent,
            State::Deferred => self.deferred,
            State::Failed => self.failed,
            State::InDoubt => self.in_doubt,
            State::Skipped => self.skipped,
        }
    }

    const fn of_mut(&mut self, state: State) -> &mut i64 {
        match state {
            State::Queued => &mut self.queued,
            State::Submitting => &mut self.submitting,
            State::Sent => &mut self.sent,
            State::Deferred => &mut self.deferred,
            State::Failed => &mut self.failed,
            State::InDoubt => &mut self.in_doubt,
            State::Skipped => &mut self.skipped,
        }
    }
}

/// How a mailing stands, summed over the instances' shards. A mailing that does not exist has counts of nought.
pub async fn counts(conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<Counts, DbErr> {
    let sql = format!("{SUM} WHERE mailing_no = $1");
    Ok(sql::one(conn, &sql, [mailing.into()]).await?.unwrap_or_default())
}

/// How all mailings together stand, for whoever watches the service.
pub async fn totals(conn: &impl ConnectionTrait) -> Result<Counts, DbErr> {
    Ok(sql::one(conn, SUM, []).await?.unwrap_or_default())
}

/// PostgreSQL's sum of bigints is numeric.
const SUM: &str = "SELECT CAST(COALESCE(SUM(queued), 0) AS bigint) AS queued, \
                      CAST(COALESCE(SUM(submitting), 0) AS bigint) AS submitting, \
                      CAST(COALESCE(SUM(sent), 0) AS bigint) AS sent, \
                      CAST(COALESCE(SUM(deferred), 0) AS bigint) AS deferred, \
                      CAST(COALESCE(SUM(failed), 0) AS bigint) AS failed, \
                      CAST(COALESCE(SUM(in_doubt), 0) AS bigint) AS in_doubt, \
                      CAST(COALESCE(SUM(skipped), 0) AS bigint) AS skipped, \
                      CAST(COALESCE(SUM(bounced), 0) AS bigint) AS bounced, \
                      CAST(COALESCE(SUM(complained), 0) AS bigint) AS complained \
               FROM mailing_counts";

/// What a transaction has changed, to be added to the counts before it commits.
#[derive(Debug, Default)]
pub(crate) struct Deltas(BTreeMap<MailingNo, Counts>);

impl Deltas {
    /// So many rows were enqueued.
    pub(crate) fn enqueued(&mut self, mailing: MailingNo, rows: i64) {
        self.of(mailing).queued += rows;
    }

    /// So many rows went from one state to another.
    pub(crate) fn moved(&mut self, mailing: MailingNo, from: State, to: State, rows: i64) {
        let counts = self.of(mailing);
        *counts.of_mut(from) -= rows;
        *counts.of_mut(to) += rows;
    }

    /// The changes to one mailing.
    pub(crate) fn of(&mut self, mailing: MailingNo) -> &mut Counts {
        self.0.entry(mailing).or_default()
    }

    /// Adds the changes to what is to be written, in the order of the mailings, so that two transactions cannot wait for each
    /// other.
    pub(crate) fn apply(self, shard: InstanceId, writes: &mut Writes) {
        let (mut values, mut rows) = (Vec::<Value>::new(), Vec::new());
        for (mailing, by) in self.0.into_iter().filter(|(_, by)| *by != Counts::default()) {
            let row = [
                mailing.into(),
                shard.into(),
                by.queued.into(),
                by.submitting.into(),
                by.sent.into(),
                by.deferred.into(),
                by.failed.into(),
                by.in_doubt.into(),
                by.skipped.into(),
                by.bounced.into(),
                by.complained.into(),
            ];
            let parameters: Vec<_> = (1..=row.len()).map(|no| format!("${}", values.len() + no)).collect();
            rows.push(format!("({})", parameters.join(", ")));
            values.extend(row);
        }
        if rows.is_empty() {
            return;
        }
        let sql = format!(
            "INSERT INTO mailing_counts (mailing_no, shard, queued, submitting, sent, deferred, failed, in_doubt, \
                 skipped, bounced, complained) \
             VALUES {} \
             ON CONFLICT (mailing_no, shard) DO UPDATE SET \
                 queued = mailing_counts.queued + excluded.queued, \
                 submitting = mailing_counts.submitting + excluded.submitting, \
                 sent = mailing_counts.sent + excluded.sent, \
                 deferred = mailing_counts.deferred + excluded.deferred, \
                 failed = mailing_counts.failed + excluded.failed, \
                 in_doubt = mailing_counts.in_doubt + excluded.in_doubt, \
                 skipped = mailing_counts.skipped + excluded.skipped, \
                 bounced = mailing_counts.bounced + excluded.bounced, \
                 complained = mailing_counts.complained + excluded.complained",
            rows.join(", ")
        );
        writes.add(sql, values);
    }

    /// Adds the changes to the shard, when there is nothing else to write.
    pub(crate) async fn count(self, conn: &impl ConnectionTrait, shard: InstanceId) -> Result<(), DbErr> {
        let mut writes = Writes::new();
        self.apply(shard, &mut writes);
        writes.run(conn).await
    }
}
