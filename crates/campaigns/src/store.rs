use chrono::{DateTime, Utc};
use database::lease::BeginError;
use domain::{Actor, BrandId, CampaignId, MailingNo};
use sea_orm::prelude::Expr;
use sea_orm::sea_query::LockType;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, UpdateMany,
};

use crate::entity::campaign::{Column, Entity};
use crate::{Campaign, CampaignEvent, CampaignStatus, Error, event};

/// Which campaigns a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only this brand's.
    pub brand: Option<BrandId>,
    /// Only those that stand here.
    pub status: Option<CampaignStatus>,
}

/// One campaign.
pub async fn find(conn: &impl ConnectionTrait, id: CampaignId) -> Result<Option<Campaign>, DbErr> {
    Ok(Entity::find_by_id(id).one(conn).await?.map(Campaign::from))
}

/// The campaign that a mailing belongs to; standing streams have none.
pub async fn find_by_mailing(conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<Option<Campaign>, DbErr> {
    Ok(Entity::find().filter(Column::MailingNo.eq(mailing)).one(conn).await?.map(Campaign::from))
}

/// Campaigns, the newest first, from behind `after` on.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<CampaignId>,
    limit: u64,
) -> Result<Vec<Campaign>, DbErr> {
    let rows = Entity::find()
        .apply_if(filter.brand, |query, brand| query.filter(Column::BrandId.eq(brand)))
        .apply_if(filter.status, |query, status| query.filter(Column::Status.eq(status)))
        .apply_if(after, |query, after| query.filter(Column::Id.lt(after)))
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(Campaign::from).collect())
}

/// Says that something failed for one campaign, which does not concern the others of the round; a lease that is over does.
pub(crate) fn passed_over(what: &str, id: CampaignId, error: Error) -> Result<(), Error> {
    if is_lost(&error) {
        return Err(error);
    }
    tracing::error!(campaign.id = %id, error = &error as &dyn std::error::Error, "{what} campaign {id} failed");
    Ok(())
}

/// Whether the role is another's by now, so that nothing more is to be done.
pub(crate) const fn is_lost(error: &Error) -> bool {
    matches!(error, Error::Lease(BeginError::Lost(_)))
}

/// The campaign, if it still has the version that the caller had read; no version asks for none.
pub(crate) async fn expect(
    conn: &impl ConnectionTrait,
    id: CampaignId,
    expected: Option<i64>,
) -> Result<Campaign, Error> {
    let campaign = find(conn, id).await?.ok_or(Error::NotFound(id))?;
    match expected {
        Some(expected) if expected != campaign.version => Err(Error::Conflict { expected, found: campaign.version }),
        _ => Ok(campaign),
    }
}

/// Moves the campaign on, if nobody did since it was read, and keeps who did what. `also` changes further columns with it.
pub(crate) async fn apply(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    event: CampaignEvent,
    also: impl FnOnce(UpdateMany<Entity>) -> UpdateMany<Entity>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    let to = campaign.status.after(event)?;
    let moved = also(Entity::update_many())
        .col_expr(Column::Status, Expr::value(to))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .col_expr(Column::UpdatedBy, Expr::value(actor.clone()))
        .filter(Column::Id.eq(campaign.id))
        .filter(Column::Version.eq(campaign.version))
        .filter(Column::Status.eq(campaign.status))
        .exec(txn)
        .await?
        .rows_affected;
    let found = find(txn, campaign.id).await?.ok_or(Error::NotFound(campaign.id))?;
    if moved != 1 {
        return Err(Error::Conflict { expected: campaign.version, found: found.version });
    }
    let why = found.paused_because.clone().filter(|_| event == CampaignEvent::Pause);
    event::append(txn, campaign.id, event, (campaign.status, to), why, actor, now).await?;
    Ok(found)
}

/// The campaign's mailing, made at its first test mail or its launch. Its number is what *view in browser* goes by.
pub(crate) async fn mailing(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    now: DateTime<Utc>,
) -> Result<MailingNo, Error> {
    // The row is locked before it is looked at: of two that need the number at once, the second finds it made.
    put_mailing(txn, campaign.id, Expr::col(Column::MailingNo)).await?;
    let found = find(txn, campaign.id).await?.ok_or(Error::NotFound(campaign.id))?;
    if let Some(mailing) = found.mailing {
        return Ok(mailing);
    }
    // Two may be first, a launch and a test mail or two instances: the second waits here, and then finds what the first has made.
    // A stronger lock would also keep those waiting who write an event, and whom we may be waiting for.
    let row = Entity::find_by_id(campaign.id).lock(LockType::NoKeyUpdate).one(txn).await?;
    let row = row.ok_or(Error::NotFound(campaign.id))?;
    if let Some(mailing) = row.mailing_no {
        return Ok(mailing);
    }
    let mailing = outbox::mailing::create_for_campaign(txn, campaign.draft.brand, campaign.id, now).await?;
    put_mailing(txn, campaign.id, Expr::value(Some(mailing))).await?;
    Ok(mailing)
}

/// The campaign, whose row is this transaction's until it ends.
pub(crate) async fn lock(txn: &DatabaseTransaction, id: CampaignId) -> Result<Campaign, Error> {
    put_mailing(txn, id, Expr::col(Column::MailingNo)).await?;
    find(txn, id).await?.ok_or(Error::NotFound(id))
}

async fn put_mailing(txn: &DatabaseTransaction, id: CampaignId, no: Expr) -> Result<(), DbErr> {
    Entity::update_many().col_expr(Column::MailingNo, no).filter(Column::Id.eq(id)).exec(txn).await.map(drop)
}
