use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use database::Writes;
use domain::{DeliveryKey, InstanceId};
use sea_orm::{ConnectionTrait, DbBackend};

use crate::attempt::{self, Heard};
use crate::change::{self, Change, Row};
use crate::counts::Deltas;
use crate::state::Event;
use crate::{Answer, Error, Outcome, State, turn};

/// What became of a batch of answers.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Answers that took their delivery to another state.
    pub moved: u64,
    /// Answers that came when they were no longer waited for; kept all the same.
    pub late: u64,
}

/// Writes answers down, counting them in the instance's shard. Telling the same answer twice changes nothing.
///
/// It runs in the caller's transaction, because what follows from an answer (a fact, a suppression) must not be lost when the
/// program ends between the two. A few hundred answers at once are meant.
pub async fn record(
    txn: &impl ConnectionTrait,
    shard: InstanceId,
    answers: &[Answer],
    now: DateTime<Utc>,
) -> Result<Recorded, Error> {
    let mut writes = Writes::new();
    let recorded = turn(txn, shard, answers, &[], &mut writes, now).await?.recorded;
    writes.run(txn).await?;
    Ok(recorded)
}

/// Adds answers whose rows are locked to what is to be written.
pub(crate) fn write(
    backend: DbBackend,
    shard: InstanceId,
    mut rows: BTreeMap<DeliveryKey, Row>,
    answers: &[Answer],
    (writes, deltas): (&mut Writes, &mut Deltas),
    now: DateTime<Utc>,
) -> Recorded {
    let mut answers: Vec<&Answer> = answers.iter().collect();
    answers.sort_by_key(|answer| (answer.key, answer.attempt));
    answers.dedup_by_key(|answer| (answer.key, answer.attempt));
    let mut recorded = Recorded::default();
    let (mut changes, mut heard): (Vec<Change>, Vec<Heard>) = (Vec::new(), Vec::new());
    for answer in answers {
        let Some(row) = rows.get_mut(&answer.key) else {
            tracing::warn!(delivery.id = %answer.key, "an answer names a delivery that does not exist");
            continue;
        };
        let late = !is_waited_for(row, answer);
        heard.push(Heard { answer, late, forgotten: row.nobody });
        recorded.late += u64::from(late);
        row.taken |= answer.outcome == Outcome::Sent;
        if let Some(change) = judge(row, answer) {
            row.state = change.to;
            recorded.moved += 1;
            // Two attempts at one delivery may be answered in one batch; the row is written once.
            match changes.last_mut() {
                Some(last) if last.key == change.key => *last = Change { from: last.from, ..change },
                _ => changes.push(change),
            }
        }
    }
    attempt::hear(backend, shard, &heard, writes, now);
    change::write(backend, &changes, writes, deltas);
    recorded
}

fn is_waited_for(row: &Row, answer: &Answer) -> bool {
    row.state == State::Submitting && row.attempt == answer.attempt
}

/// What an answer means to its delivery.
fn judge(row: &Row, answer: &Answer) -> Option<Change> {
    let event = match answer.outcome {
        // Whatever was decided meanwhile: this message was taken.
        Outcome::Sent if !is_waited_for(row, answer) => Event::Prove,
        // This attempt says nothing or *not now*, but the message is known to be taken: trying again would double it.
        Outcome::InDoubt | Outcome::Deferred { .. } if row.is_proved() => Event::Accept,
        outcome => outcome.event(),
    };
    if event != Event::Prove && row.attempt != answer.attempt {
        return None;
    }
    let to = row.state.after(event).ok()?;
    let mut change = Change::new(row.key(), row.state, to);
    match (to, answer.outcome) {
        (State::Deferred, Outcome::Deferred { until }) => change.due_at = Some(until),
        (State::Sent, _) => change.sent_at = Some(answer.answered_at),
        _ => {}
    }
    Some(change)
}
