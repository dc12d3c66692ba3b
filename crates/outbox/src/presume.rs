use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use database::{Cell, Column, Writes};
use domain::{DeliveryKey, InstanceId};
use sea_orm::DbBackend;

use crate::attempt::{self, Heard};
use crate::counts::Deltas;
use crate::dialect;
use crate::lease::Over;
use crate::submit::Submitted;
use crate::{Answer, Lease, Outcome, State};

/// What a round most often is, as statements of which each knows what it will find: answers that were waited for, to messages that a
/// relay took or not yet, and first attempts under leases that still last. Nothing is read before, and so no row is locked by a
/// statement of its own.
///
/// They are added to `writes`, which the caller [commits](Writes::commit) as a whole: if one finds anything else (a late answer, an erased
/// person, a mailing that is held, a lease that is over), nothing is done, and the caller goes by [`turn`](crate::turn), which judges
/// row by row. What comes back of each lease may be sent once that is committed. Nothing comes back, and nothing is added, for a round
/// that is not of this kind.
pub fn presume(
    backend: DbBackend,
    shard: InstanceId,
    answers: &[Answer],
    next: &[(&Lease, Vec<DeliveryKey>)],
    writes: &mut Writes,
    now: DateTime<Utc>,
) -> Option<Vec<Vec<Submitted>>> {
    let answered: BTreeSet<DeliveryKey> = answers.iter().map(|answer| answer.key).collect();
    let begun: BTreeSet<DeliveryKey> = next.iter().flat_map(|(_, keys)| keys).copied().collect();
    let is_once =
        answered.len() == answers.len() && begun.len() == next.iter().map(|(_, keys)| keys.len()).sum::<usize>();
    if !is_once || !answered.is_disjoint(&begun) {
        return None;
    }
    let moves: Vec<_> = answers.iter().map(Move::of).collect::<Option<_>>()?;
    let firsts: Vec<_> = next.iter().map(|(lease, keys)| First::of(lease, keys, shard)).collect::<Option<_>>()?;

    let mut deltas = Deltas::default();
    for one in &moves {
        deltas.moved(one.answer.key.mailing, State::Submitting, one.to, 1);
    }
    for first in &firsts {
        let rows = i64::try_from(first.keys.len()).unwrap_or(i64::MAX);
        deltas.moved(first.lease.mailing, State::Queued, State::Submitting, rows);
    }
    let heard: Vec<_> = answers.iter().map(|answer| Heard { answer, late: false, forgotten: false }).collect();
    attempt::hear(backend, shard, &heard, writes, now);
    take(backend, &moves, writes);
    begin(backend, shard, &firsts, writes, now);
    deltas.apply(shard, writes);
    Some(firsts.iter().map(First::submitted).collect())
}

/// A delivery's way that an answer means where nothing else is known of it.
struct Move<'a> {
    answer: &'a Answer,
    to: State,
    due_at: Option<DateTime<Utc>>,
    sent_at: Option<DateTime<Utc>>,
}

impl<'a> Move<'a> {
    fn of(answer: &'a Answer) -> Option<Self> {
        let to = State::Submitting.after(answer.outcome.event()).ok()?;
        let (due_at, sent_at) = match answer.outcome {
            Outcome::Sent => (None, Some(answer.answered_at)),
            // An earlier attempt may have been taken after all.
            Outcome::Deferred { until } if answer.attempt == 1 => (Some(until), None),
            Outcome::Deferred { .. } | Outcome::Failed | Outcome::InDoubt => return None,
        };
        Some(Self { answer, to, due_at, sent_at })
    }
}

fn take(backend: DbBackend, moves: &[Move<'_>], writes: &mut Writes) {
    const MOVE: &[Column; 6] = &[
        ("mailing_no", "bigint"),
        ("ordinal", "bigint"),
        ("attempt", "integer"),
        ("state", "text"),
        ("due_at", "timestamptz"),
        ("sent_at", "timestamptz"),
    ];
    if moves.is_empty() {
        return;
    }
    let row = |one: &Move<'_>| -> [Cell; 6] {
        [
            one.answer.key.mailing.0.into(),
            one.answer.key.ordinal.0.into(),
            i64::from(one.answer.attempt).into(),
            one.to.as_str().into(),
            one.due_at.into(),
            one.sent_at.into(),
        ]
    };
    let table = dialect::table(backend, 0, MOVE, moves.iter().map(row).collect());
    let sql = taking(&table.sql);
    writes.add_exactly(u64::try_from(moves.len()).unwrap_or(u64::MAX), sql, table.values);
}

/// Moves the rows of a table whose answer is waited for, of people who are not erased, of whom nothing has come back.
fn taking(table: &str) -> String {
    format!(
        "UPDATE deliveries SET state = v.state, due_at = v.due_at, sent_at = COALESCE(v.sent_at, deliveries.sent_at), \
             skipped_why = NULL \
         FROM {table} WHERE deliveries.mailing_no = v.mailing_no AND deliveries.ordinal = v.ordinal \
           AND deliveries.state = 'submitting' AND deliveries.attempt = v.attempt \
           AND deliveries.bounced_at IS NULL AND deliveries.complained_at IS NULL \
           AND (deliveries.subscriber_id IS NOT NULL OR deliveries.recipient IS NOT NULL)"
    )
}

/// First attempts of a range.
struct First<'a> {
    lease: &'a Lease,
    id: i64,
    fence: i64,
    keys: &'a [DeliveryKey],
}

impl<'a> First<'a> {
    fn of(lease: &'a Lease, keys: &'a [DeliveryKey], holder: InstanceId) -> Option<Self> {
        let Over::Range { id, fence, .. } = lease.over else { return None };
        let is_of_it = lease.holder == holder && keys.iter().all(|key| key.mailing == lease.mailing);
        is_of_it.then_some(Self { lease, id, fence, keys })
    }

    /// What may be sent: a row that waits for its first attempt has had none.
    fn submitted(&self) -> Vec<Submitted> {
        let mut keys = self.keys.to_vec();
        keys.sort_unstable();
        keys.into_iter().map(|key| Submitted { key, attempt: 1, tries: 1 }).collect()
    }
}

fn begin(backend: DbBackend, shard: InstanceId, firsts: &[First<'_>], writes: &mut Writes, now: DateTime<Utc>) {
    const BEGUN: &[Column; 4] =
        &[("mailing_no", "bigint"), ("ordinal", "bigint"), ("lease", "bigint"), ("fence", "bigint")];
    let row = |first: &First<'_>, key: &DeliveryKey| -> [Cell; 4] {
        [key.mailing.0.into(), key.ordinal.0.into(), first.id.into(), first.fence.into()]
    };
    let rows: Vec<_> = firsts.iter().flat_map(|first| first.keys.iter().map(move |key| row(first, key))).collect();
    let Ok(count @ 1..) = u64::try_from(rows.len()) else { return };
    let table = dialect::table(backend, 2, BEGUN, rows);
    let values = [shard.into(), now.into()].into_iter().chain(table.values);
    writes.add_exactly(count, beginning(&table.sql), values);
}

/// Begins the first attempt at the rows of a table, under leases of the holder `$1` that last at `$2`.
///
/// Where a row is waited for, the lease and the mailing are as they were before: a mailing that is held meanwhile goes on for as long as
/// a sender does not look again, and whoever else has the lease by then finds the row begun.
///
/// What is asked of the lease is worded so that no index of the deliveries answers it: of a table without statistics, as a new one
/// is, PostgreSQL may otherwise read the whole lane for every row.
fn beginning(table: &str) -> String {
    format!(
        "UPDATE deliveries SET state = 'submitting', attempt = 1, due_at = o.expires_at \
         FROM {table} JOIN outbox_leases o ON o.id = v.lease AND o.fence = v.fence AND o.mailing_no = v.mailing_no \
                      JOIN mailings m ON m.no = v.mailing_no \
         WHERE deliveries.mailing_no = v.mailing_no AND deliveries.ordinal = v.ordinal \
           AND deliveries.state = 'queued' AND deliveries.attempt = 0 AND m.state = 'open' \
           AND o.holder = $1 AND o.expires_at > $2 AND (o.lane = deliveries.lane) IS TRUE \
           AND v.ordinal > o.after_ordinal AND v.ordinal <= o.to_ordinal"
    )
}
