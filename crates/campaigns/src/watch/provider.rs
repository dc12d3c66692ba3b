//! One mailbox provider, by the table of shares; and the alerts about all that are left alone.

use alerts::{Alarm, Subject};
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::{Actor, MailboxProvider};
use limits::{Cause, Level, Pause, Share, pause, warm_up};
use outbox::recent::Ended;
use verdict::Class;

use super::share_of;
use crate::Error;

/// How long a provider is left alone that refuses more than it should. Then it is tried again, and judged anew.
const LEFT_ALONE: TimeDelta = TimeDelta::hours(1);

/// The rule of such a pause.
const RULE: &str = "share.refusals";

/// Leaves a provider alone of whose last attempts, the newest first, too many were refused for what we are. Of fewer already no relay
/// is warmed up by.
pub(super) async fn judge(
    db: &Database,
    lease: &Lease,
    provider: &MailboxProvider,
    attempts: &[Ended],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // After a pause, however it ended, it is judged anew.
    let before = pause::last(db.reader(), provider).await?.map(|pause| pause.until);
    if before.is_some_and(|until| until > now) {
        return Ok(());
    }
    let share = share_of(attempts, Class::Block, before);
    // What was refused yesterday has cost that day already.
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let today = share_of(attempts, Class::Block, Some(before.map_or(midnight, |before| before.max(midnight))));
    if Cause::Refusals.freezes(today) && warm_up::counts(db.reader(), provider, now).await? {
        let txn = lease::begin(db, lease, now).await?;
        warm_up::freeze(&txn, provider, RULE, &words(today), now).await?;
        txn.commit().await?;
        tracing::info!(%provider, "relays that are being warmed up get no more for {provider} tomorrow: {}", words(today));
    }
    if Cause::Refusals.judge(share) != Some(Level::Pause) {
        return Ok(());
    }
    let (until, words) = (now + LEFT_ALONE, words(share));
    let txn = lease::begin(db, lease, now).await?;
    pause::set(&txn, provider, until, RULE, &words, &Actor::rule(RULE), now).await?;
    let subject = Subject::Provider(provider.clone());
    let (cause, level) = (Cause::Refusals, Level::Pause);
    alerts::raise(&txn, Alarm { subject, cause, level, share: Some(share), words: String::new() }, now).await?;
    txn.commit().await?;
    tracing::warn!(%provider, rule = RULE, "{provider} is left alone until {until}: {words}");
    Ok(())
}

fn words(share: Share) -> String {
    format!("{share} attempts were refused for policy or reputation")
}

/// How long nothing must hold a provider back until its alert is over: one that is left alone every few minutes is told of once.
const QUIET: TimeDelta = TimeDelta::hours(1);

/// Raises an alert for each provider that a rule has left alone, and ends those of the others. Whom a person leaves alone, or lets be
/// mailed again, that person knows of.
pub(super) async fn tell(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    let mut held = pause::active(db.reader(), now - QUIET).await?;
    held.retain(|pause| matches!(pause.actor, Actor::Rule(_)) && pause.lifted_by.is_none());
    let names: Vec<MailboxProvider> = held.iter().map(|pause| pause.provider.clone()).collect();
    let told = alerts::lasting_providers(db.reader()).await?;
    let is_over = told.iter().any(|provider| !names.contains(provider));
    let is_news = |pause: &Pause| pause.until > now && !told.contains(&pause.provider);
    let news: Vec<Pause> = held.into_iter().filter(is_news).collect();
    if !is_over && news.is_empty() {
        return Ok(());
    }
    let txn = lease::begin(db, lease, now).await?;
    alerts::end_all_providers_but(&txn, &names, now).await?;
    for Pause { provider, words, .. } in news {
        let (subject, cause, level) = (Subject::Provider(provider), Cause::Refusals, Level::Pause);
        alerts::raise(&txn, Alarm { subject, cause, level, share: None, words }, now).await?;
    }
    Ok(txn.commit().await?)
}
