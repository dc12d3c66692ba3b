//! One campaign, by the table of shares.

use alerts::Alarm;
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::{Actor, CampaignId};
use limits::{Cause, Level, Share};
use outbox::recent::Ended;
use sea_orm::DatabaseTransaction;
use verdict::Class;

use super::share_of;
use crate::{Campaign, CampaignStatus, Error, PauseReason, act, shares, store};

/// For how long after its end a campaign is told of: what came back long ago is no news to whoever installs a version that looks.
const TOLD_OF: TimeDelta = TimeDelta::days(7);

/// What is wrong, and how much it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    level: Level,
    reason: PauseReason,
}

/// Judges a campaign by its last attempts, the newest first, and by all that is known of it.
pub(super) async fn judge(
    db: &Database,
    lease: &Lease,
    id: CampaignId,
    attempts: &[Ended],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let campaign = store::expect(db.reader(), id, None).await?;
    let Some(mailing) = campaign.mailing else { return Ok(()) };
    // Whoever calls it off has seen enough.
    if campaign.status == CampaignStatus::Cancelled {
        return Ok(());
    }
    if campaign.finished_at.is_some_and(|at| now > at + TOLD_OF) {
        return Ok(());
    }
    let kept = shares::find(db.reader(), id).await?;
    let whole = kept.whole(db.reader(), mailing).await?;
    let last = |class| share_of(attempts, class, kept.since);
    let shares = [
        (Cause::HardBounces, last(Class::Hard)),
        (Cause::HardBounces, whole.hard),
        (Cause::Complaints, whole.complained),
        (Cause::Unfit, whole.unfit),
        (Cause::Content, whole.content),
        (Cause::Content, last(Class::Content)),
    ];
    let is_told = kept.content_read_at.is_none() && kept.content_words.is_some();
    let mut findings = find(shares, is_told);
    for finding in findings.iter_mut().filter(|finding| finding.reason.cause == Cause::Content) {
        finding.reason.words.clone_from(&kept.content_words);
    }
    for finding in findings {
        let finding = match campaign.status {
            CampaignStatus::Sending => finding,
            // Whoever paused it looks at it already.
            CampaignStatus::Paused => continue,
            // There is nothing left to pause.
            _ => Finding { level: Level::Warning, ..finding },
        };
        if act_on(db, lease, &campaign, finding, now).await? {
            break;
        }
    }
    Ok(())
}

/// Ends the alerts about campaigns that are over for longer than they are told of.
pub(super) async fn end_old(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    for id in alerts::lasting_campaigns(db.reader()).await? {
        let Some(campaign) = store::find(db.reader(), id).await? else { continue };
        if campaign.finished_at.is_some_and(|at| now > at + TOLD_OF) {
            let txn = lease::begin(db, lease, now).await?;
            alerts::end(&txn, &act::subject(&campaign), now).await?;
            txn.commit().await?;
        }
    }
    Ok(())
}

/// What is wrong, the worst first, and each cause once. What a server says in so many words, and nobody has
/// looked at yet, takes no share.
fn find(shares: impl IntoIterator<Item = (Cause, Share)>, is_told: bool) -> Vec<Finding> {
    let mut findings: Vec<Finding> = shares
        .into_iter()
        .filter_map(|(cause, share)| {
            let level = if is_told { cause.judge_first(share) } else { cause.judge(share) };
            level.map(|level| Finding { level, reason: PauseReason { cause, share, words: None } })
        })
        .collect();
    // Stable, so that of two alike the first says it.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let mut causes = Vec::new();
    findings.retain(|finding| {
        let is_first = !causes.contains(&finding.reason.cause);
        causes.push(finding.reason.cause);
        is_first
    });
    findings
}

/// Pauses the campaign or warns of it. Says whether it is paused now.
async fn act_on(
    db: &Database,
    lease: &Lease,
    campaign: &Campaign,
    finding: Finding,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Finding { level, reason } = finding;
    let subject = act::subject(campaign);
    let stops = level == Level::Pause;
    if !stops && alerts::lasts(db.reader(), &subject, reason.cause, level).await? {
        return Ok(false);
    }
    let txn = lease::begin(db, lease, now).await?;
    if stops {
        pause(&txn, campaign, reason.clone(), now).await?;
    }
    let words = reason.words.clone().unwrap_or_default();
    let alarm = Alarm { subject, cause: reason.cause, level, share: Some(reason.share), words };
    alerts::raise(&txn, alarm, now).await?;
    txn.commit().await?;
    let (id, done) = (campaign.id, if stops { "is paused" } else { "is to be looked at" });
    tracing::warn!(campaign.id = %id, "campaign {id} {done}: {reason}");
    Ok(stops)
}

async fn pause(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    reason: PauseReason,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // As it is now: a person may have paused it, or it may be over.
    let current = store::expect(txn, campaign.id, Some(campaign.version)).await?;
    let rule = Actor::rule(&format!("share.{}", reason.cause));
    act::hold(txn, &current, Some(reason), &rule, now).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_found_first_and_each_cause_once() {
        let shares = [
            (Cause::HardBounces, Share { count: 5, of: 200 }),
            (Cause::HardBounces, Share { count: 60, of: 1_000 }),
            (Cause::Complaints, Share { count: 2, of: 1_000 }),
            (Cause::Unfit, Share { count: 0, of: 1_000 }),
            (Cause::Content, Share { count: 1, of: 1_000 }),
        ];
        let found = find(shares, false);
        let found: Vec<_> = found.iter().map(|it| (it.level, it.reason.cause, it.reason.share.count)).collect();
        assert_eq!(found, [(Level::Pause, Cause::HardBounces, 60), (Level::Warning, Cause::Complaints, 2)]);
        let found: Vec<_> = find(shares, true).into_iter().map(|it| (it.level, it.reason.cause)).collect();
        assert_eq!(
            found,
            [(Level::Pause, Cause::HardBounces), (Level::Pause, Cause::Content), (Level::Warning, Cause::Complaints)],
        );
    }
}
