use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, MailingNo};
use sea_orm::prelude::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use crate::entity::campaign::{Column, Entity};
use crate::{Campaign, CampaignEvent, CampaignStatus, Error, Filter, store};

/// How many campaigns are looked at in one go. More than these are not sending at once.
const AT_ONCE: u64 = 100;

/// How many deliveries are written off in one transaction.
const CHUNK: u32 = 1_000;

/// Why the rest of a cancelled campaign is skipped, as the delivery shows it.
const CALLED_OFF: &str = "cancelled";

/// Closes every campaign that has nothing open any more, and says how many those were.
///
/// What is in doubt keeps no campaign open: it waits for a person, who may still have it sent again.
pub async fn finish_drained(db: &Database, now: DateTime<Utc>) -> Result<usize, Error> {
    let sending = Filter { brand: None, status: Some(CampaignStatus::Sending) };
    let mut finished = 0;
    for campaign in store::list(db.reader(), &sending, None, AT_ONCE).await? {
        let Some(mailing) = campaign.mailing else { continue };
        if !outbox::mailing::is_drained(db.reader(), mailing).await? {
            continue;
        }
        let txn = db.begin().await?;
        match finish(&txn, &campaign, mailing, now).await {
            Ok(true) => {
                txn.commit().await?;
                finished += 1;
                tracing::info!(campaign.id = %campaign.id, mailing.no = %mailing, "campaign {} is sent", campaign.id);
            }
            // Somebody paused or finished it between the look and the act, or had one in doubt sent again: the next round sees
            // it as it then is.
            Ok(false) | Err(Error::Conflict { .. } | Error::State(_)) => txn.rollback().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(finished)
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

/// Writes off what was waiting in cancelled campaigns, a bounded piece in each call. True if there is more: call again.
pub async fn settle_cancelled(db: &Database, now: DateTime<Utc>) -> Result<bool, Error> {
    let unsettled = Entity::find()
        .filter(Column::Status.eq(CampaignStatus::Cancelled))
        .filter(Column::FinishedAt.is_null())
        .limit(AT_ONCE);
    let mut more = false;
    for row in unsettled.all(db.reader()).await? {
        if let Some(mailing) = row.mailing_no {
            let skipped = outbox::skip_rest(db, mailing, CALLED_OFF, CHUNK).await?;
            more |= skipped == u64::from(CHUNK);
            // What is with a relay at this moment is answered or reaped first.
            if skipped > 0 || outbox::counts(db.reader(), mailing).await?.open() > 0 {
                continue;
            }
        }
        Entity::update_many()
            .col_expr(Column::FinishedAt, Expr::value(Some(now)))
            .filter(Column::Id.eq(row.id))
            .exec(db.writer())
            .await?;
    }
    Ok(more)
}
