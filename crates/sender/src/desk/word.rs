//! What refusals say of whoever keeps the mailboxes: to be left alone, or to be mailed more slowly.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Actor, MailboxProvider};
use limits::{Pace, Pause};
use verdict::{Class, Verdict};

use super::Desk;
use crate::Error;

/// A provider's word that is to be written down.
pub(super) struct Word {
    lane: MailboxProvider,
    verdict: Verdict,
    /// Until when it is left alone, if it is.
    pause: Option<DateTime<Utc>>,
    /// That is written down: staff may have ended it since then.
    is_left_alone: bool,
    heard_at: DateTime<Utc>,
}

impl Desk {
    /// Listens to the end of an attempt for a word about the provider. Nothing more is begun at one that is to be left alone from
    /// now on, although that is written down with the next round only.
    pub(super) fn listen(&mut self, lane: &MailboxProvider, verdict: Option<&Verdict>, at: DateTime<Utc>) {
        self.breaker.note(lane, at);
        let block = verdict.filter(|verdict| verdict.class == Class::Block);
        let trips = self.breaker.trips(lane, block.is_some_and(|verdict| verdict.pause.is_some()));
        let pause = block.filter(|_| trips).and_then(|verdict| verdict.pause);
        let pause = pause.map(|pause| at + TimeDelta::from_std(pause).unwrap_or(TimeDelta::hours(24)));
        if pause.is_some() && !self.paused.contains(lane) {
            self.paused.push(lane.clone());
        }
        if let Some(verdict) = verdict.filter(|verdict| pause.is_some() || verdict.slow) {
            self.words.push_back(Word {
                lane: lane.clone(),
                verdict: verdict.clone(),
                pause,
                is_left_alone: false,
                heard_at: at,
            });
        }
    }

    /// Writes down what providers have said, so that every instance and every restart knows. A word that cannot be written is kept.
    pub(super) async fn mind_the_providers(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        while let Some(mut word) = self.words.pop_front() {
            if let Err(error) = self.write_down(&mut word, now).await {
                self.words.push_front(word);
                return Err(error);
            }
        }
        Ok(())
    }

    async fn write_down(&mut self, word: &mut Word, now: DateTime<Utc>) -> Result<(), Error> {
        if !word.is_left_alone {
            self.leave_alone(word, now).await?;
            word.is_left_alone = true;
        }
        if self.slow_down(word, now).await? {
            // The next look goes by it.
            self.next_look = Duration::ZERO;
        }
        Ok(())
    }

    /// Leaves a provider alone that refuses us for what we are.
    async fn leave_alone(&self, word: &Word, now: DateTime<Utc>) -> Result<(), Error> {
        let Word { lane, verdict, .. } = word;
        let Some(until) = word.pause.filter(|until| *until > now) else { return Ok(()) };
        let (db, actor) = (self.parts.db.writer(), Actor::rule("sender.block"));
        limits::pause::set(db, lane, until, &verdict.rule, &verdict.words, &actor, now).await?;
        tracing::warn!(
            provider = %lane, rule = %verdict.rule, "{lane} is left alone until {until}: {}", verdict.words
        );
        Ok(())
    }

    /// Mails a provider more slowly that asks for it, and says whether it does from now on. `other` is thousands of strangers, of
    /// whom one speaks for nobody else.
    async fn slow_down(&self, word: &Word, now: DateTime<Utc>) -> Result<bool, Error> {
        let Word { lane, verdict, .. } = word;
        if !verdict.slow || *lane == MailboxProvider::other() {
            return Ok(false);
        }
        let full = self.rate(lane, word.heard_at, now).await?;
        let (said, until) = ((verdict.rule.as_str(), verdict.words.as_str()), word.pause.unwrap_or(now));
        let Some(pace) = limits::pace::slow(self.parts.db.writer(), lane, full, said, until, now).await? else {
            return Ok(false);
        };
        tracing::warn!(
            provider = %lane, rule = %verdict.rule,
            "{lane} gets {} messages an hour instead of {}, and all again at {}: {}",
            pace.slowed, pace.whole, pace.ends_at(), verdict.words
        );
        Ok(true)
    }

    /// Has a provider that a rule leaves alone come back step by step, whoever heard why. What staff have said they end as they like, and
    /// `other` is thousands of strangers.
    pub(super) async fn ease_in(&self, pause: &Pause, now: DateTime<Utc>) -> Result<Option<Pace>, Error> {
        let lane = &pause.provider;
        if !matches!(pause.actor, Actor::Rule(_)) || *lane == MailboxProvider::other() {
            return Ok(None);
        }
        let full = self.rate(lane, pause.since, now).await?;
        let pace = limits::pace::ease_in(self.parts.db.writer(), pause, full, now).await?;
        if let Some(pace) = &pace {
            tracing::warn!(
                provider = %lane, rule = %pause.rule,
                "{lane} begins at {} with {} messages an hour instead of {}, and gets all again at {}: {}",
                pause.until, pace.slowed, pace.whole, pace.ends_at(), pause.words
            );
        }
        Ok(pace)
    }

    /// How many messages an hour a provider gets from all instances: what it got from this one in the minute before it spoke, taken
    /// for what each that sends anything gave it, but never more than it may get. One a second where nothing tells.
    async fn rate(&self, lane: &MailboxProvider, at: DateTime<Utc>, now: DateTime<Utc>) -> Result<i64, Error> {
        let senders = outbox::holders(self.parts.db.reader(), now).await?.max(1);
        let measured = self.breaker.per_hour(lane, at).map(|rate| rate.saturating_mul(senders));
        let rates = [measured, self.parts.limits.provider_per_hour(lane)];
        Ok(rates.into_iter().flatten().min().unwrap_or(3_600))
    }
}
