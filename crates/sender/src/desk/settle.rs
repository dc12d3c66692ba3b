use activity::{Fact, Kind};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Actor, BrandId, MailboxProvider, SubscriberId};
use outbox::{Answer, Outcome, Submitted};
use serde_json::json;
use verdict::{Class, Verdict};

use super::{Desk, Work};
use crate::Error;
use crate::compose::ComposeError;
use crate::connection::Ended;
use crate::judgement::{Attempt, Judgement};

/// An answer, and all that is needed to act on it.
pub(super) struct Heard {
    holding: u64,
    brand: BrandId,
    subscriber: Option<SubscriberId>,
    lane: MailboxProvider,
    answer: Answer,
    verdict: Option<Verdict>,
}

impl Desk {
    /// Hears how a message ended.
    pub(super) fn hear(
        &mut self,
        work: Work,
        submitted: Submitted,
        ended: &Ended,
        started_at: DateTime<Utc>,
        answered_at: DateTime<Utc>,
    ) {
        // A holding outlives its open work, so this is never None.
        let Some(holding) = self.holdings.iter().find(|holding| holding.id == work.holding) else { return };
        let (brand, lane) = (holding.stationery.brand.id, holding.lane.clone());
        let attempt = Attempt { submitted, lane: &lane, relay: &self.relay, started_at, answered_at };
        let Judgement { answer, verdict } = attempt.judge(ended, &self.ladder);
        say(&answer, ended);
        self.heard.push(Heard { holding: work.holding, brand, subscriber: work.subscriber, lane, answer, verdict });
    }

    /// There is no message for a delivery; the others go on.
    pub(super) fn not_composed(&mut self, work: Work, error: ComposeError) {
        let why = format!("cannot be composed: {}", error.chain());
        tracing::warn!(delivery.id = %work.key, "delivery {} {why}", work.key);
        if let Some(holding) = self.holding(work.holding) {
            holding.open -= 1;
            let lane = holding.lane.clone();
            self.parts.limits.give_back(&lane, 1);
        }
        self.unfit.push((work.key, why));
    }

    /// Writes down what was heard, and then what follows from it.
    pub(super) async fn settle(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        if !self.unfit.is_empty() {
            let unfit = self.unfit.clone();
            self.skip(&unfit).await?;
            self.unfit.clear();
        }
        if !self.heard.is_empty() {
            let answers: Vec<Answer> = self.heard.iter().map(|heard| heard.answer.clone()).collect();
            outbox::record(&self.parts.db, self.parts.instance, &answers, now).await?;
            for heard in std::mem::take(&mut self.heard) {
                self.tally.count(heard.answer.outcome);
                let (outcome, provider) = (heard.answer.outcome.as_str(), heard.lane.to_string());
                metrics::counter!("eshot_deliveries_total", "outcome" => outcome, "provider" => provider).increment(1);
                if let Some(holding) = self.holding(heard.holding) {
                    holding.open -= 1;
                }
                self.aftermath.push(heard);
            }
        }
        if self.aftermath.is_empty() {
            return Ok(());
        }
        self.write_facts(now).await?;
        for heard in std::mem::take(&mut self.aftermath) {
            self.mind_the_provider(&heard, now).await?;
        }
        Ok(())
    }

    async fn write_facts(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let facts: Vec<Fact> = self.aftermath.iter().filter_map(Heard::fact).collect();
        let mut failures: Vec<_> = self.aftermath.iter().filter_map(Heard::failure).collect();
        // Whoever locks several people does it in this order.
        failures.sort_unstable_by_key(|(subscriber, ..)| *subscriber);
        let txn = self.parts.db.begin().await?;
        for (subscriber, brand, verdict) in failures {
            subscribers::record_failure(&txn, subscriber, brand, verdict, now).await?;
        }
        activity::record_all(&txn, &facts).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Leaves a provider alone that refuses us for what we are.
    async fn mind_the_provider(&mut self, heard: &Heard, now: DateTime<Utc>) -> Result<(), Error> {
        let block = heard.verdict.as_ref().filter(|verdict| verdict.class == Class::Block);
        let trips = self.breaker.trips(&heard.lane, block.is_some_and(|verdict| verdict.pause.is_some()));
        let Some((verdict, pause)) = block.filter(|_| trips).and_then(|verdict| Some((verdict, verdict.pause?))) else {
            return Ok(());
        };
        let until = now + TimeDelta::from_std(pause).unwrap_or(TimeDelta::hours(24));
        let (db, actor) = (self.parts.db.writer(), Actor::rule("sender.block"));
        limits::pause::set(db, &heard.lane, until, &verdict.rule, &verdict.words, &actor, now).await?;
        tracing::warn!(
            provider = %heard.lane, rule = %verdict.rule,
            "{} is left alone until {until}: {}", heard.lane, verdict.words
        );
        if !self.paused.contains(&heard.lane) {
            self.paused.push(heard.lane.clone());
        }
        Ok(())
    }
}

impl Heard {
    /// What there is to tell of the delivery, once it is over.
    fn fact(&self) -> Option<Fact> {
        let kind = match self.answer.outcome {
            Outcome::Sent => Kind::Sent,
            Outcome::Failed => Kind::Failed,
            Outcome::Deferred { .. } | Outcome::InDoubt => return None,
        };
        let fact = Fact::new(kind, self.brand, self.answer.answered_at).about(self.subscriber).of(self.answer.key);
        Some(match &self.answer.rule {
            Some(rule) => fact.with(json!({ "rule": rule })),
            None => fact,
        })
    }

    /// A failure that says something about the person: a refusal that is final, or the last of many that were not.
    fn failure(&self) -> Option<(SubscriberId, BrandId, &Verdict)> {
        if self.answer.outcome != Outcome::Failed {
            return None;
        }
        Some((self.subscriber?, self.brand, self.verdict.as_ref()?))
    }
}

fn say(answer: &Answer, ended: &Ended) {
    let (key, phase, code) = (answer.key, answer.phase, answer.reply.as_ref().map(|reply| reply.code));
    match (answer.outcome, ended) {
        (Outcome::InDoubt, _) => tracing::warn!(
            delivery.id = %key, phase = %phase, "delivery {key} is in doubt: the relay may have it, and did not say so"
        ),
        (Outcome::Failed, _) => tracing::info!(
            delivery.id = %key, phase = %phase, smtp.code = code, rule = answer.rule, "delivery {key} has failed"
        ),
        (Outcome::Deferred { until }, Ended::Broken { problem, .. }) => tracing::info!(
            delivery.id = %key, phase = %phase, "delivery {key} is tried again at {until}: {problem}"
        ),
        (Outcome::Deferred { until }, _) => tracing::debug!(
            delivery.id = %key, phase = %phase, smtp.code = code, rule = answer.rule,
            "delivery {key} is tried again at {until}"
        ),
        (Outcome::Sent, _) => tracing::debug!(delivery.id = %key, smtp.code = code, "delivery {key} is sent"),
    }
}
