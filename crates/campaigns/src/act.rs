use alerts::Subject;
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use domain::{Actor, CampaignId};
use limits::Cause;
use sea_orm::DatabaseTransaction;
use sea_orm::prelude::Expr;

use crate::entity::campaign::Column;
use crate::{Campaign, CampaignEvent, Error, PauseReason, letter, shares, store};

/// Who schedules for later than this has mistyped the year.
const FARTHEST: TimeDelta = TimeDelta::days(366);

/// Asks somebody else to look at a draft.
pub async fn submit(
    db: &Database,
    id: CampaignId,
    expected: Option<i64>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    let txn = db.begin().await?;
    let campaign = store::expect(&txn, id, expected).await?;
    let campaign = store::apply(&txn, &campaign, CampaignEvent::Submit, |update| update, actor, now).await?;
    txn.commit().await?;
    Ok(campaign)
}

/// Gives a campaign its time; a time that is past means at once.
///
/// The templates are compiled against the brand as it is now, and that document is what goes out: what was looked at and
/// approved is not changed by a later change of the brand.
pub async fn schedule(
    db: &Database,
    id: CampaignId,
    send_at: DateTime<Utc>,
    expected: Option<i64>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    if send_at > now + FARTHEST {
        return Err(Error::TooFar(send_at));
    }
    let (txn, campaign, frozen) = loop {
        let seen = store::expect(db.reader(), id, expected).await?;
        // The refusal of a wrong state is of more use than one of a template that nobody may change any more.
        seen.status.after(CampaignEvent::Schedule)?;
        let proof = letter::prove(db.reader(), &seen.draft).await?;
        let txn = db.begin().await?;
        let campaign = store::expect(&txn, id, expected).await?;
        if campaign.draft == seen.draft && proof.holds(&txn, &campaign.draft).await? {
            break (txn, campaign, proof.freeze(id)?);
        }
        txn.rollback().await?;
    };
    let timed = |update: sea_orm::UpdateMany<_>| {
        update
            .col_expr(Column::SendAt, Expr::value(Some(send_at)))
            .col_expr(Column::Compiled, Expr::value(Some(frozen)))
    };
    let campaign = store::apply(&txn, &campaign, CampaignEvent::Schedule, timed, actor, now).await?;
    txn.commit().await?;
    Ok(campaign)
}

/// Takes a scheduled campaign's time away, so that it can be changed again.
pub async fn unschedule(
    db: &Database,
    id: CampaignId,
    expected: Option<i64>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    let txn = db.begin().await?;
    let campaign = store::expect(&txn, id, expected).await?;
    let untimed = |update: sea_orm::UpdateMany<_>| {
        update
            .col_expr(Column::SendAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::Compiled, Expr::value(None::<String>))
    };
    let campaign = store::apply(&txn, &campaign, CampaignEvent::Unschedule, untimed, actor, now).await?;
    txn.commit().await?;
    Ok(campaign)
}

/// Holds a campaign: within a second or two nothing of it is handed to a relay.
pub async fn pause(
    db: &Database,
    id: CampaignId,
    expected: Option<i64>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    let txn = db.begin().await?;
    let campaign = store::expect(&txn, id, expected).await?;
    let paused = hold(&txn, &campaign, None, actor, now).await?;
    txn.commit().await?;
    Ok(paused)
}

/// Holds a campaign in the caller's transaction, for a reason if it was no person.
pub(crate) async fn hold(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    why: Option<PauseReason>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    let because = |update: sea_orm::UpdateMany<_>| update.col_expr(Column::PausedWhy, Expr::value(why.clone()));
    let paused = store::apply(txn, campaign, CampaignEvent::Pause, because, actor, now).await?;
    if let Some(mailing) = paused.mailing {
        outbox::mailing::hold(txn, mailing, actor, now).await?;
    }
    Ok(paused)
}

/// Lets a paused campaign go on. What went wrong before counts no more, and what was told of it is over.
pub async fn resume(
    db: &Database,
    id: CampaignId,
    expected: Option<i64>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    let txn = db.begin().await?;
    let campaign = store::expect(&txn, id, expected).await?;
    let free = |update: sea_orm::UpdateMany<_>| update.col_expr(Column::PausedWhy, Expr::value(None::<PauseReason>));
    let resumed = store::apply(&txn, &campaign, CampaignEvent::Resume, free, actor, now).await?;
    alerts::end(&txn, &subject(&resumed), now).await?;
    if let Some(mailing) = resumed.mailing {
        let is_content_read = campaign.paused_because.as_ref().is_some_and(|why| why.cause == Cause::Content);
        shares::begin_anew(&txn, id, mailing, is_content_read, now).await?;
        outbox::mailing::release(&txn, mailing, actor, now).await?;
    }
    txn.commit().await?;
    Ok(resumed)
}

/// Calls a campaign off: from the commit on, nothing of it is handed to a relay any more. The scheduler then writes off what
/// was waiting, in short turns.
pub async fn cancel(
    db: &Database,
    id: CampaignId,
    expected: Option<i64>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    let txn = db.begin().await?;
    let campaign = store::expect(&txn, id, expected).await?;
    let cancelled = store::apply(&txn, &campaign, CampaignEvent::Cancel, |update| update, actor, now).await?;
    alerts::end(&txn, &subject(&cancelled), now).await?;
    if let Some(mailing) = cancelled.mailing {
        outbox::mailing::close(&txn, mailing, actor, now).await?;
    }
    txn.commit().await?;
    Ok(cancelled)
}

/// What alerts call a campaign.
pub(crate) const fn subject(campaign: &Campaign) -> Subject {
    Subject::Campaign { brand: campaign.draft.brand, campaign: campaign.id }
}
