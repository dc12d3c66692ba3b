use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::{Actor, CampaignId, MailingNo};
use sea_orm::prelude::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::entity::campaign::{Column, Entity};
use crate::{Campaign, CampaignEvent, CampaignStatus, Error, store};

/// How many deliveries are written off in one transaction.
const CHUNK: u32 = 1_000;

/// Why the rest of a cancelled campaign is skipped, as the delivery shows it.
const CALLED_OFF: &str = "cancelled";

/// Closes every campaign that has nothing open any more, and says how many those were.
///
/// What is in doubt keeps no campaign open: it waits for a person, who may still have it sent again. Whoever calls this holds
/// `lease`, one role for all instances. What fails for one campaign is logged, and holds up no other.
pub async fn finish_drained(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<usize, Error> {
    let sending = Entity::find().filter(Column::Status.eq(CampaignStatus::Sending));
    let mut finished = 0;
    for (id, mailing) in names(db, sending).await? {
        let Some(mailing) = mailing else { continue };
        match finish_if_drained(db, lease, id, mailing, now).await {
            Ok(true) => finished += 1,
            // Somebody paused or finished it between the look and the act, or had one in doubt sent again: the next round sees
            // it as it then is.
            Ok(false) | Err(Error::Conflict { .. } | Error::State(_)) => {}
            Err(error) => store::passed_over("finishing", id, error)?,
        }
    }
    Ok(finished)
}

/// The campaigns and their mailings, the oldest first. All of them, but none of their documents, which are large.
async fn names(db: &Database, of: Select<Entity>) -> Result<Vec<(CampaignId, Option<MailingNo>)>, DbErr> {
    let names = of.select_only().columns([Column::Id, Column::MailingNo]).order_by_asc(Column::Id);
    names.into_tuple().all(db.reader()).await
}

async fn finish_if_drained(
    db: &Database,
    lease: &Lease,
    id: CampaignId,
    mailing: MailingNo,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if !outbox::mailing::is_drained(db.reader(), mailing).await? {
        return Ok(false);
    }
    let txn = lease::begin(db, lease, now).await?;
    let campaign = store::expect(&txn, id, None).await?;
    if !finish(&txn, &campaign, mailing, now).await? {
        return Ok(false);
    }
    txn.commit().await?;
    tracing::info!(campaign.id = %id, mailing.no = %mailing, "campaign {id} is sent");
    Ok(true)
}

/// `sending → sent`, the campaign's row before its mailing's, as whoever pauses or cancels it takes them. False if something
/// is open after all; then nothing of this may be committed.
async fn finish(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    mailing: MailingNo,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let over = |update: sea_orm::UpdateMany<_>| update.col_expr(Column::FinishedAt, Expr::value(Some(now)));
    store::apply(txn, campaign, CampaignEvent::Drain, over, &Actor::System, now).await?;
    outbox::mailing::close(txn, mailing, &Actor::System, now).await?;
    // Asked again now that the mailing is locked. Sent again in the meantime, a delivery would wait in it for ever.
    Ok(outbox::mailing::is_drained(txn, mailing).await?)
}

/// Writes off what was waiting in cancelled campaigns, a bounded piece in each call. True if there is more: call again. Whoever
/// calls this holds `lease`, one role for all instances. What fails for one campaign is logged, and holds up no other.
pub async fn settle_cancelled(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<bool, Error> {
    let unsettled =
        Entity::find().filter(Column::Status.eq(CampaignStatus::Cancelled)).filter(Column::FinishedAt.is_null());
    let mut more = false;
    for (id, mailing) in names(db, unsettled).await? {
        match settle(db, lease, id, mailing, now).await {
            Ok(rest) => more |= rest,
            Err(error) => store::passed_over("settling cancelled", id, error)?,
        }
    }
    Ok(more)
}

/// Writes off a piece of one cancelled campaign, or closes its books when nothing is left. True if there is more.
async fn settle(
    db: &Database,
    lease: &Lease,
    id: CampaignId,
    mailing: Option<MailingNo>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let txn = lease::begin(db, lease, now).await?;
    if let Some(mailing) = mailing {
        let skipped = outbox::skip_rest(&txn, mailing, CALLED_OFF, CHUNK).await?;
        // What is with a relay at this moment is answered or reaped first.
        if skipped > 0 || outbox::counts(&txn, mailing).await?.open() > 0 {
            txn.commit().await?;
            return Ok(skipped == u64::from(CHUNK));
        }
    }
    Entity::update_many()
        .col_expr(Column::FinishedAt, Expr::value(Some(now)))
        .filter(Column::Id.eq(id))
        .filter(Column::FinishedAt.is_null())
        .exec(&txn)
        .await?;
    txn.commit().await?;
    Ok(false)
}
