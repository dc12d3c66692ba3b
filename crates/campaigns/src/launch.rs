mod order;

use chrono::{DateTime, Utc};
use database::lease::{self, Lease};
use database::{ChunkSize, Database};
use domain::{Actor, CampaignId, MailingNo};
use sea_orm::prelude::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use subscribers::Page;

pub use self::order::NewRelay;
use self::order::Stand;
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
    launch_due_by(db, lease, &[], now).await
}

/// The same where these relays are being warmed up: of a campaign that may go by one of them those are written down first who have
/// answered last. What is in a chunk is then looked at in turn for those of the present band, so the audience is gone through once for each.
pub async fn launch_due_by(
    db: &Database,
    lease: &Lease,
    relays: &[NewRelay],
    now: DateTime<Utc>,
) -> Result<Launch, Error> {
    let mut done = Launch::default();
    for id in in_state(db, CampaignStatus::Scheduled, now).await? {
        match begin(db, lease, id, relays, now).await {
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
async fn begin(
    db: &Database,
    lease: &Lease,
    id: CampaignId,
    relays: &[NewRelay],
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let txn = lease::begin(db, lease, now).await?;
    let campaign = store::expect(&txn, id, None).await?;
    if campaign.send_at.is_none_or(|send_at| send_at > now) {
        // A person has put it off since it was looked at.
        return Ok(());
    }
    let mailing = store::mailing(&txn, &campaign, now).await?;
    let band = order::first_band(&txn, &campaign, relays, now).await?;
    let in_bands = |update: sea_orm::UpdateMany<_>| update.col_expr(Column::LaunchBand, Expr::value(band));
    store::apply(&txn, &campaign, CampaignEvent::Launch, in_bands, &Actor::System, now).await?;
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
    let mut stand = Stand { band: row.launch_band, after: row.launch_after };
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
        match chunk(txn, &campaign, mailing, stand, rows, now).await? {
            Step::Enqueued { next, count } => {
                stand = next;
                done.enqueued += count;
                timer.committed();
            }
            Step::Whole { count } => {
                done.enqueued += count;
                done.finished += 1;
                return Ok(());
            }
            Step::Elsewhere => return Ok(()),
        }
    }
}

/// What became of one chunk.
enum Step {
    /// So many were written down; there may be more behind them.
    Enqueued { next: Stand, count: u64 },
    /// So many were the last, or there was nobody left: the campaign is sending.
    Whole { count: u64 },
    /// Another instance moved the cursor, or the campaign was called off.
    Elsewhere,
}

async fn chunk(
    txn: DatabaseTransaction,
    campaign: &Campaign,
    mailing: MailingNo,
    stand: Stand,
    size: u64,
    now: DateTime<Utc>,
) -> Result<Step, Error> {
    // The row is locked before anything is written: whoever comes second finds the cursor moved.
    if !stand_at(&txn, campaign.id, stand, stand).await? {
        txn.rollback().await?;
        return Ok(Step::Elsewhere);
    }
    let (next, count) = match stand.band {
        None => in_order(&txn, campaign, mailing, stand, size, now).await?,
        Some(_) => of_band(&txn, campaign, mailing, stand, size, now).await?,
    };
    let step = match next {
        Some(next) => {
            stand_at(&txn, campaign.id, stand, next).await?;
            Step::Enqueued { next, count }
        }
        None => {
            let current = store::expect(&txn, campaign.id, None).await?;
            let launched = |update: sea_orm::UpdateMany<_>| update.col_expr(Column::LaunchedAt, Expr::value(Some(now)));
            store::apply(&txn, &current, CampaignEvent::Launched, launched, &Actor::System, now).await?;
            outbox::mailing::release(&txn, mailing, &Actor::System, now).await?;
            Step::Whole { count }
        }
    };
    txn.commit().await?;
    Ok(step)
}

/// Writes down the next of an audience as it stands on file; says where that leads to, and how many they were.
async fn in_order(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    mailing: MailingNo,
    stand: Stand,
    size: u64,
    now: DateTime<Utc>,
) -> Result<(Option<Stand>, u64), Error> {
    let page = Page { after: stand.after, to: None, limit: size, engaged_since: None };
    let audience = subscribers::audience(campaign.draft.brand, campaign.draft.topic, page, now);
    let chunk = outbox::enqueue::chunk(txn, mailing, audience).await?;
    Ok((chunk.last.map(|last| Stand { after: Some(last), ..stand }), chunk.enqueued))
}

/// Writes down those of the next of a topic that are in this band. Whoever is there already is in an earlier one; who answers while the
/// launch is under way, and so would have been, is found in a later one.
async fn of_band(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    mailing: MailingNo,
    stand: Stand,
    size: u64,
    now: DateTime<Utc>,
) -> Result<(Option<Stand>, u64), Error> {
    let topic = campaign.draft.topic;
    let to = subscribers::page_end(txn, topic, stand.after, size).await?;
    let engaged_since = stand.since(campaign.send_at.unwrap_or(now));
    // Without an end it is the last piece, and smaller.
    let page = Page { after: stand.after, to, limit: size, engaged_since };
    let audience = subscribers::audience(campaign.draft.brand, topic, page, now);
    let chunk = outbox::enqueue::chunk_of_others(txn, mailing, audience).await?;
    let next = match to {
        Some(to) => Some(Stand { after: Some(to), ..stand }),
        None => stand.next_band(),
    };
    Ok((next, chunk.enqueued))
}

/// Moves the cursor of a launching campaign from where it is believed to be; false if it is elsewhere.
async fn stand_at(txn: &DatabaseTransaction, id: CampaignId, from: Stand, to: Stand) -> Result<bool, Error> {
    let after = match from.after {
        Some(after) => Column::LaunchAfter.eq(after),
        None => Column::LaunchAfter.is_null(),
    };
    let band = match from.band {
        Some(band) => Column::LaunchBand.eq(band),
        None => Column::LaunchBand.is_null(),
    };
    let moved = Entity::update_many()
        .col_expr(Column::LaunchAfter, Expr::value(to.after))
        .col_expr(Column::LaunchBand, Expr::value(to.band))
        .filter(Column::Id.eq(id))
        .filter(Column::Status.eq(CampaignStatus::Launching))
        .filter(after)
        .filter(band)
        .exec(txn)
        .await?;
    Ok(moved.rows_affected == 1)
}
