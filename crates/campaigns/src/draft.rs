use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, CampaignId};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Expr;
use sea_orm::{ActiveModelTrait, DatabaseTransaction};

use crate::entity::campaign::{ActiveModel, Column};
use crate::letter;
use crate::{Campaign, CampaignEvent, CampaignStatus, Draft, Error, event, store};

/// Writes a new campaign down, as a draft. Its templates must compile: an unknown field is told here and not to recipients.
pub async fn create(db: &Database, draft: Draft, actor: &Actor, now: DateTime<Utc>) -> Result<Campaign, Error> {
    check(&draft)?;
    let txn = proved(db, &draft).await?;
    let row = ActiveModel {
        id: Set(CampaignId::new(now)),
        brand_id: Set(draft.brand),
        topic_id: Set(draft.topic),
        name: Set(draft.name.trim().to_owned()),
        subject: Set(draft.source.subject),
        preheader: Set(draft.source.preheader),
        body: Set(draft.source.mjml),
        status: Set(CampaignStatus::Draft),
        paused_why: Set(None),
        send_at: Set(None),
        compiled: Set(None),
        mailing_no: Set(None),
        launch_after: Set(None),
        launch_band: Set(None),
        launched_at: Set(None),
        finished_at: Set(None),
        version: Set(1),
        created_at: Set(now),
        created_by: Set(actor.clone()),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
    };
    let campaign = Campaign::from(row.insert(&txn).await?);
    let draft = CampaignStatus::Draft;
    event::append(&txn, campaign.id, CampaignEvent::Create, (draft, draft), None, actor, now).await?;
    txn.commit().await?;
    Ok(campaign)
}

/// Changes a campaign that is not on its way yet, if it still has the version that the author had read.
///
/// A campaign under review becomes a draft again: what was reviewed is not what it says now.
pub async fn update(
    db: &Database,
    id: CampaignId,
    draft: Draft,
    expected: i64,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Campaign, Error> {
    // The refusal of a wrong version or state is of more use than one of a template that may not be saved anyway.
    store::expect(db.reader(), id, Some(expected)).await?.can_be_changed()?;
    check(&draft)?;
    let txn = proved(db, &draft).await?;
    let campaign = store::expect(&txn, id, Some(expected)).await?;
    campaign.can_be_changed()?;
    let written = |update: sea_orm::UpdateMany<_>| {
        update
            .col_expr(Column::BrandId, Expr::value(draft.brand))
            .col_expr(Column::TopicId, Expr::value(draft.topic))
            .col_expr(Column::Name, Expr::value(draft.name.trim()))
            .col_expr(Column::Subject, Expr::value(draft.source.subject))
            .col_expr(Column::Preheader, Expr::value(draft.source.preheader))
            .col_expr(Column::Body, Expr::value(draft.source.mjml))
    };
    let campaign = store::apply(&txn, &campaign, CampaignEvent::Edit, written, actor, now).await?;
    txn.commit().await?;
    Ok(campaign)
}

fn check(draft: &Draft) -> Result<(), Error> {
    match (1..=200).contains(&draft.name.trim().chars().count()) {
        true => Ok(()),
        false => Err(Error::Name),
    }
}

/// A transaction in which the draft makes a mail: everything that is wrong with one is told when it is saved.
async fn proved(db: &Database, draft: &Draft) -> Result<DatabaseTransaction, Error> {
    loop {
        let proof = letter::prove(db.reader(), draft).await?;
        let txn = db.begin().await?;
        if proof.holds(&txn, draft).await? {
            return Ok(txn);
        }
        txn.rollback().await?;
    }
}
