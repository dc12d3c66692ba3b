use chrono::{DateTime, Utc};
use database::sql;
use domain::{DeliveryKey, EmailAddress, Ordinal, SubscriberId};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::lane::Lane;
use super::{Batch, Claim, Claimed};
use crate::lease::{self, Over};
use crate::{Error, Lease, mailing};

#[derive(FromQueryResult)]
struct Row {
    ordinal: Ordinal,
    subscriber_id: Option<SubscriberId>,
    recipient: Option<EmailAddress>,
    attempt: i32,
    data: Option<String>,
}

/// Takes what is next in a lane whose row is locked, and gives the lane's turn to the others.
pub(super) async fn from(
    txn: &impl ConnectionTrait,
    lane: &Lane,
    claim: &Claim<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Batch>, Error> {
    let expires_at = now + claim.ttl;
    let taken = match left_behind(txn, lane, claim, expires_at, now).await? {
        Some(taken) => Some(taken),
        None => match due(txn, lane, claim, expires_at, now).await? {
            Some(taken) => Some(taken),
            None => fresh(txn, lane, claim, expires_at).await?,
        },
    };
    let turn = "UPDATE lanes SET claimed_at = $3 WHERE mailing_no = $1 AND lane = $2";
    sql::execute(txn, turn, [lane.mailing_no.into(), lane.lane.clone().into(), now.into()]).await?;
    // A range's rows may have been skipped since it was looked at; then it is nobody's until its lease ends.
    let Some((over, rows)) = taken.filter(|(_, rows)| !rows.is_empty()) else { return Ok(None) };
    let mailing = mailing::find(txn, lane.mailing_no).await?.ok_or(Error::UnknownMailing(lane.mailing_no))?;
    let lease = Lease { mailing: lane.mailing_no, lane: lane.lane.clone(), holder: claim.holder, expires_at, over };
    let deliveries = rows.into_iter().map(|row| row.claimed(lane)).collect::<Result<_, _>>()?;
    Ok(Some(Batch { lease, mailing, lane: lane.lane.clone(), deliveries }))
}

/// The oldest range whose worker let its lease end before it had tried everything, or claimed it by a clock that was set back since.
async fn left_behind(
    txn: &impl ConnectionTrait,
    lane: &Lane,
    claim: &Claim<'_>,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<(Over, Vec<Row>)>, DbErr> {
    let finished = "DELETE FROM outbox_leases WHERE mailing_no = $1 AND lane = $2 AND (expires_at <= $3 OR expires_at > $4) \
                    AND NOT EXISTS ( \
                        SELECT 1 FROM deliveries d WHERE d.mailing_no = $1 AND d.lane = $2 AND d.state = 'queued' \
                        AND d.ordinal > outbox_leases.after_ordinal AND d.ordinal <= outbox_leases.to_ordinal)";
    let latest = lease::latest(now);
    let values = [lane.mailing_no.into(), lane.lane.clone().into(), now.into(), latest.into()];
    sql::execute(txn, finished, values).await?;
    let again = "UPDATE outbox_leases SET holder = $4, fence = fence + 1, expires_at = $5 \
                 WHERE id = (SELECT id FROM outbox_leases WHERE mailing_no = $1 AND lane = $2 \
                     AND (expires_at <= $3 OR expires_at > $6) ORDER BY after_ordinal LIMIT 1) \
                 RETURNING id, after_ordinal, to_ordinal, fence";
    let values = [
        lane.mailing_no.into(),
        lane.lane.clone().into(),
        now.into(),
        claim.holder.into(),
        expires_at.into(),
        latest.into(),
    ];
    let Some(row) = sql::row(txn, again, values).await? else { return Ok(None) };
    let (after, to) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    let over = Over::Range { id: row.try_get_by_index(0)?, after, to, fence: row.try_get_by_index(3)? };
    Ok(Some((over, queued(txn, lane, claim, after, to).await?)))
}

/// Deferred rows whose time has come. Their due time becomes the lease's end.
async fn due(
    txn: &impl ConnectionTrait,
    lane: &Lane,
    claim: &Claim<'_>,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<(Over, Vec<Row>)>, DbErr> {
    let sql = "UPDATE deliveries SET due_at = $4 WHERE mailing_no = $1 AND state = 'deferred' AND due_at <= $3 \
               AND ordinal IN (SELECT d.ordinal FROM deliveries d WHERE d.mailing_no = $1 AND d.lane = $2 \
                   AND d.again_at <= $3 ORDER BY d.again_at LIMIT $5) \
               RETURNING ordinal, subscriber_id, recipient, attempt, data";
    let values = [
        lane.mailing_no.into(),
        lane.lane.clone().into(),
        now.into(),
        expires_at.into(),
        i64::from(claim.limit).into(),
    ];
    let mut rows: Vec<Row> = sql::all(txn, sql, values).await?;
    rows.sort_unstable_by_key(|row| row.ordinal);
    let over = Over::Rows(rows.iter().map(|row| (row.ordinal, row.attempt)).collect());
    Ok((!rows.is_empty()).then_some((over, rows)))
}

/// The next range behind the lane's mark, which moves to its end.
async fn fresh(
    txn: &impl ConnectionTrait,
    lane: &Lane,
    claim: &Claim<'_>,
    expires_at: DateTime<Utc>,
) -> Result<Option<(Over, Vec<Row>)>, DbErr> {
    let rows = queued(txn, lane, claim, lane.mark, lane.last).await?;
    let full = rows.len() >= usize::try_from(claim.limit).unwrap_or(usize::MAX);
    let to = rows.last().filter(|_| full).map_or(lane.last, |row| row.ordinal);
    let mark = "UPDATE lanes SET mark = $3 WHERE mailing_no = $1 AND lane = $2";
    sql::execute(txn, mark, [lane.mailing_no.into(), lane.lane.clone().into(), to.into()]).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let lease = "INSERT INTO outbox_leases (mailing_no, lane, after_ordinal, to_ordinal, holder, fence, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, 1, $6) RETURNING id";
    let values = [
        lane.mailing_no.into(),
        lane.lane.clone().into(),
        lane.mark.into(),
        to.into(),
        claim.holder.into(),
        expires_at.into(),
    ];
    let row = sql::row(txn, lease, values).await?.ok_or(DbErr::RecordNotInserted)?;
    Ok(Some((Over::Range { id: row.try_get_by_index(0)?, after: lane.mark, to, fence: 1 }, rows)))
}

async fn queued(
    txn: &impl ConnectionTrait,
    lane: &Lane,
    claim: &Claim<'_>,
    after: Ordinal,
    to: Ordinal,
) -> Result<Vec<Row>, DbErr> {
    let sql = "SELECT ordinal, subscriber_id, recipient, attempt, data FROM deliveries \
               WHERE mailing_no = $1 AND lane = $2 AND ordinal > $3 AND ordinal <= $4 AND state = 'queued' \
               ORDER BY ordinal LIMIT $5";
    let values =
        [lane.mailing_no.into(), lane.lane.clone().into(), after.into(), to.into(), i64::from(claim.limit).into()];
    sql::all(txn, sql, values).await
}

impl Row {
    fn claimed(self, lane: &Lane) -> Result<Claimed, Error> {
        let key = DeliveryKey::new(lane.mailing_no, self.ordinal);
        let data = self.data.as_deref().map(serde_json::from_str).transpose();
        Ok(Claimed {
            key,
            subscriber: self.subscriber_id,
            recipient: self.recipient,
            attempts: self.attempt,
            data: data.map_err(|source| Error::Data(key, source))?.unwrap_or_default(),
        })
    }
}
