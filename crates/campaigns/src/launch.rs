use chrono::{DateTime, Utc};
use database::lease::{self, Lease};
use database::{ChunkSize, Database};
use domain::{Actor, CampaignId, MailingNo, SubscriberId};
use sea_orm::prelude::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::campaign::{Column, Entity};
use crate::{Campaign, CampaignEvent, CampaignStatus, Error, store};

/// How much of an audience a transaction writes down.
const CHUNK: ChunkSize = ChunkSize::new(500, 50, 5_000);

/// One call does so many chunks at most: a campaign of millions does not keep the scheduler from its other work.
const CHUNKS_AT_ONCE: usize = 20;

/// What [`launch_due`] has done.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// Campaigns whose launch began.
    pub begun: usize,
    /// Deliveries written down.
    pub enqueued: u64,
    /// Campaigns whose whole audience is written down, so that they are sending now.
    pub finished: usize,
    /// Whether a launch is under way still: call again at once.
    pub more: bool,
}

/// Launches what is due, a bounded piece of it in each call.
///
/// The audience becomes deliveries chunk by chunk, each a transaction that moves the cursor on the campaign's row with it:
/// a restart goes on where the last commit stands, and of two instances that do it at once each chunk is done by one. Whoever
/// calls it holds `lease`, one role for all instances.
///
/// What fails for one campaign is logged, and holds up no other.
pub async fn launch_due(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<Launch, Error> {
    let mut done = Launch::default();
    for id in in_state(db, CampaignStatus::Scheduled, now).await? {
        match begin(db, lease, id, now).await {
            Ok(()) => done.begun += 1,
            // Another instance was faster, or a person took it back.
            Err(Error::Conflict { .. } | Error::State(_)) => {}
            Err(error) => store::passed_over("launching", id, error)?,
        }
    }
    let mut chunks = CHUNKS_AT_ONCE;
    for id in in_state(db, CampaignStatus::Launching, now).await? {
        if let Err(error) = fill(db, lease, id, &mut chunks, &mut done, now).await {
            store::passed_over("launching", id, error)?;
        }
    }
    Ok(done)
}

/// The campaigns that are due, the longest waiting first. Only their names: the documents are large, and the others' turn may
/// not come in this round.
async fn in_state(db: &Database, status: CampaignStatus, now: DateTime<Utc>) -> Result<Vec<CampaignId>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Status.eq(status))
        .filter(Column::SendAt.lte(now))
        .order_by_asc(Column::SendAt)
        .into_tuple()
        .all(db.reader())
        .await
}

/// `scheduled → launching`, with a mailing to put the deliveries into.
async fn begin(db: &Database, lease: &Lease, id: CampaignId, now: DateTime<Utc>) -> Result<(), Error> {
    let txn = lease::begin(db, lease, now).await?;
    let campaign = store::expect(&txn, id, None).await?;
    if campaign.send_at.is_none_or(|send_at| send_at > now) {
        // A person has put it off since it was looked at.
        return Ok(());
    }
    let mailing = store::mailing(&txn, &campaign, now).await?;
    store::apply(&txn, &campaign, CampaignEvent::Launch, |update| update, &Actor::System, now).await?;
    txn.commit().await?;
    tracing::info!(campaign.id = %campaign.id, mailing.no = %mailing, "campaign {} is launching", campaign.id);
    Ok(())
}

/// Writes down chunks of one campaign's audience until there are none, or no more are allowed.
async fn fill(
    db: &Database,
    lease: &Lease,
    id: CampaignId,
    chunks: &mut usize,
    done: &mut Launch,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if *chunks == 0 {
        done.more = true;
        return Ok(());
    }
    let Some(row) = Entity::find_by_id(id).one(db.reader()).await? else { return Ok(()) };
    let mut cursor = row.launch_after;
    let mut size = CHUNK;
    let campaign = Campaign::from(row);
    let Some(mailing) = campaign.mailing else { return Ok(()) };
    loop {
        if *chunks == 0 {
            done.more = true;
            return Ok(());
        }
        *chunks -= 1;
        let txn = lease::begin(db, lease, now).await?;
        let rows = size.rows();
        let timer = size.begun(db.backend());
        match chunk(txn, &campaign, mailing, cursor, rows, now).await? {
            Step::Enqueued { last, count } => {
                cursor = Some(last);
                done.enqueued += count;
                timer.committed();
            }
            Step::Whole => {
                done.finished += 1;
                return Ok(());
            }
            Step::Elsewhere => return Ok(()),
        }
    }
}

/// What became of one chunk.
enum Step {
    /// These were written down; there may be more behind them.
    Enqueued { last: SubscriberId, count: u64 },
    /// There was nobody left: the campaign is sending.
    Whole,
    /// Another instance moved the cursor, or the campaign was called off.
    Elsewhere,
}

async fn chunk(
    txn: DatabaseTransaction,
    campaign: &Campaign,
    mailing: MailingNo,
    after: Option<SubscriberId>,
    size: u64,
    now: DateTime<Utc>,
) -> Result<Step, Error> {
    // The row is locked before anything is written: whoever comes second finds the cursor moved.
    if !stand_at(&txn, campaign.id, after, after).await? {
        txn.rollback().await?;
        return Ok(Step::Elsewhere);
    }
    let audience = subscribers::audience(campaign.draft.brand, campaign.draft.topic, after, size, now);
    let chunk = outbox::enqueue::chunk(&txn, mailing, audience).await?;
    let step = match chunk.last {
        Some(last) => {
            stand_at(&txn, campaign.id, after, Some(last)).await?;
            Step::Enqueued { last, count: chunk.enqueued }
        }
        None => {
            let current = store::expect(&txn, campaign.id, None).await?;
            let launched = |update: sea_orm::UpdateMany<_>| update.col_expr(Column::LaunchedAt, Expr::value(Some(now)));
            store::apply(&txn, &current, CampaignEvent::Launched, launched, &Actor::System, now).await?;
            outbox::mailing::release(&txn, mailing, &Actor::System, now).await?;
            Step::Whole
        }
    };
    txn.commit().await?;
    Ok(step)
}

/// Moves the cursor of a launching campaign from where it is believed to be; false if it is elsewhere.
async fn stand_at(
    txn: &DatabaseTransaction,
    id: CampaignId,
    from: Option<SubscriberId>,
    to: Option<SubscriberId>,
) -> Result<bool, Error> {
    let at = match from {
        Some(from) => Column::LaunchAfter.eq(from),
        None => Column::LaunchAfter.is_null(),
    };
    let moved = Entity::update_many()
        .col_expr(Column::LaunchAfter, Expr::value(to))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq(CampaignStatus::Launching))
        .filter(at)
        .exec(txn)
        .await?;
    Ok(moved.rows_affected == 1)
}
