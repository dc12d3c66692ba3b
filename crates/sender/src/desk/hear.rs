use activity::{Fact, Kind};
use chrono::{DateTime, Utc};
use domain::{BrandId, DeliveryKey, MailboxProvider, SubscriberId};
use outbox::{Answer, Outcome, Submitted};
use serde_json::json;
use verdict::Verdict;

use super::{Desk, Work};
use crate::Error;
use crate::compose::ComposeError;
use crate::connection::Ended;
use crate::judgement::{Attempt, Judgement};

/// An answer, and all that is needed to act on it.
#[derive(Clone)]
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
        work: &Work,
        submitted: Submitted,
        ended: &Ended,
        started_at: DateTime<Utc>,
        answered_at: DateTime<Utc>,
    ) {
        self.parts.limits.done(&work.class, 1);
        let Some(holding) = self.holdings.iter().find(|holding| holding.id == work.holding) else {
            // A holding outlives its open work, so this cannot be; if it is, the delivery's lease runs out and leaves it in doubt.
            let (key, phase) = (work.key, ended.phase());
            tracing::error!(
                delivery.id = %key, phase = %phase, smtp.code = ended.reply().map(|reply| reply.code),
                "the answer to delivery {key} is lost, for the batch that it belongs to is no longer in hand"
            );
            return;
        };
        let (brand, lane) = (holding.stationery.brand.id, holding.lane.clone());
        let (relay, has_another) = (self.ways[work.way].outlet.name.as_str(), holding.exits.len() > 1);
        let attempt = Attempt { submitted, lane: &lane, relay, has_another, started_at, answered_at };
        let Judgement { answer, verdict } = attempt.judge(ended, &self.ladder);
        say(&answer, ended);
        // What a stand-in got is said neither of the person nor of their provider.
        let own = self.settings.redirect_to.is_none();
        let (subscriber, verdict) = (work.subscriber.filter(|_| own), verdict.filter(|_| own));
        if answer.offered {
            self.listen(&lane, verdict.as_ref(), answered_at);
        }
        self.heard.push(Heard { holding: work.holding, brand, subscriber, lane, answer, verdict });
    }

    /// There is no message for a delivery; the others go on.
    pub(super) fn not_composed(&mut self, work: &Work, error: ComposeError) {
        let why = format!("{}{}", outbox::recent::UNFIT_BEGINS, error.chain());
        tracing::warn!(delivery.id = %work.key, "delivery {} {why}", work.key);
        if let Some(holding) = self.holding(work.holding) {
            holding.open -= 1;
        }
        self.parts.limits.give_back(&work.class, 1);
        self.unfit.push((work.key, why));
    }

    /// Writes off the deliveries for which there is no message.
    pub(super) async fn write_off_unfit(&mut self) -> Result<(), Error> {
        if !self.unfit.is_empty() {
            let unfit = self.unfit.clone();
            self.skip(&unfit).await?;
            self.unfit.clear();
        }
        Ok(())
    }

    /// What was heard is safely written down: it is counted, and its workers are free.
    pub(super) fn close_the_answered(&mut self, answered: Vec<Heard>) {
        self.speed.count(answered.len(), self.parts.clock.uptime());
        for heard in answered {
            self.tally.count(heard.answer.outcome);
            let (outcome, provider) = (heard.answer.outcome.as_str(), heard.lane.to_string());
            metrics::counter!("eshot_deliveries_total", "outcome" => outcome, "provider" => provider).increment(1);
            if let Some(holding) = self.holding(heard.holding) {
                holding.open -= 1;
            }
        }
    }
}

impl Heard {
    pub(super) const fn answer(&self) -> &Answer {
        &self.answer
    }

    /// What there is to tell of the delivery, once it is over.
    pub(super) fn fact(&self) -> Option<Fact> {
        let kind = match self.answer.outcome {
            Outcome::Sent => Kind::Sent,
            Outcome::Failed => Kind::Failed,
            Outcome::Deferred { .. } | Outcome::InDoubt => return None,
        };
        let fact = Fact::new(kind, self.brand, self.answer.answered_at).about(self.subscriber).of(self.answer.key);
        let words = self.verdict.as_ref().and_then(Verdict::words_of_content);
        Some(match (&self.answer.class, &self.answer.rule) {
            (Some(class), Some(rule)) if words.is_some() => {
                fact.with(json!({ "class": class, "rule": rule, "words": words }))
            }
            (Some(class), Some(rule)) => fact.with(json!({ "class": class, "rule": rule })),
            (None, Some(rule)) => fact.with(json!({ "rule": rule })),
            (_, None) => fact,
        })
    }

    /// A failure that says something about the person: a refusal that is final, or the last of many that were not.
    pub(super) fn failure(&self) -> Option<(SubscriberId, BrandId, &Verdict, DeliveryKey)> {
        if self.answer.outcome != Outcome::Failed {
            return None;
        }
        Some((self.subscriber?, self.brand, self.verdict.as_ref()?, self.answer.key))
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
