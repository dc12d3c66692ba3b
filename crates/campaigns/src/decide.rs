//! What staff decide about deliveries that go no further by themselves: many of a campaign at once, or one of any mailing.

use chrono::{DateTime, Utc};
use domain::{Actor, CampaignId, DeliveryKey, MailKind, Ordinal, SubscriberId};
use outbox::Decision;
use outbox::ledger::Entry;
use sea_orm::prelude::Expr;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use subscribers::{Answers, Scope, may_be_mailed};
use verdict::Class;

use crate::entity::campaign::Column;
use crate::{Campaign, CampaignEvent, CampaignStatus, Error, shares, store};

/// How many deliveries a transaction looks at.
const CHUNK: u32 = 1_000;

/// A decision about many deliveries of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many {
    /// What is decided.
    pub decision: Decision,
    /// Only those whose last attempt was called this. Without it: all but those whose address does not exist.
    pub class: Option<Class>,
    /// Only those whose last attempt was over by then, so that the same decision, made again after a crash, means the same
    /// deliveries.
    pub before: DateTime<Utc>,
    /// Behind which to go on.
    pub after: Option<Ordinal>,
}

/// What became of a piece of [`Many`].
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Deliveries that were changed.
    pub changed: u64,
    /// Left as they are, because their address does not exist and nobody asked for those by name.
    pub gone: u64,
    /// Left as they are, because the person may not be mailed any more.
    pub barred: u64,
    /// Left as they are, because an attempt may have been taken, or somebody else was faster.
    pub doubted: u64,
    /// Behind which to go on; none when this was the last piece.
    pub next: Option<Ordinal>,
}

/// Decides about the next thousand deliveries of a campaign, in the caller's transaction, of which nothing may be committed after an
/// error. Those that were changed are in another state, so
/// that what is repeated changes nothing twice. What was sent wholly is being sent again, and what was called off stays so.
pub async fn decide_many(
    txn: &DatabaseTransaction,
    id: CampaignId,
    many: &Many,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Decided, Error> {
    let campaign = lock(txn, id, many.decision).await?;
    let Some(mailing) = campaign.mailing else { return Ok(Decided::default()) };
    let page = outbox::ledger::page_for(txn, mailing, many.decision, many.after, CHUNK).await?;
    let mut decided = Decided::default();
    if page.len() == CHUNK as usize {
        decided.next = page.last().map(|entry| entry.delivery.key.ordinal);
    }
    let asked: Vec<&Entry> = page.iter().filter(|entry| many.means(entry)).collect();
    let (gone, asked): (Vec<&Entry>, Vec<&Entry>) =
        asked.into_iter().partition(|entry| many.decision == Decision::Retry && is_spared(entry, many.class));
    let answers = ask(txn, MailKind::Campaign, &scope(&campaign), many.decision, &asked, now).await?;
    let why_not = |entry: &Entry, answers: &Answers| answers.why_not_to(MailKind::Campaign, entry.delivery.subscriber);
    let (barred, asked): (Vec<&Entry>, Vec<&Entry>) =
        asked.into_iter().partition(|entry| answers.as_ref().is_some_and(|answers| why_not(entry, answers).is_some()));
    let ordinals: Vec<Ordinal> = asked.iter().map(|entry| entry.delivery.key.ordinal).collect();
    let moved = outbox::decide_all(txn, mailing, &ordinals, many.decision, actor, now).await?;
    if !moved.is_empty() {
        let entries: Vec<&Entry> =
            asked.iter().copied().filter(|entry| moved.contains(&entry.delivery.key.ordinal)).collect();
        go_on(txn, &campaign, many.decision, &entries, actor, now).await?;
    }
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    decided.changed = number(moved.len());
    (decided.gone, decided.barred) = (number(gone.len()), number(barred.len()));
    decided.doubted = number(asked.len()) - decided.changed;
    Ok(decided)
}

/// Decides about one delivery, of a campaign or of a standing stream. One that failed because its address does not exist is
/// tried again only if `class` says [`Class::Hard`].
///
/// In the caller's transaction, of which nothing may be committed after an error.
pub async fn decide(
    txn: &DatabaseTransaction,
    key: DeliveryKey,
    decision: Decision,
    class: Option<Class>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let unknown = outbox::Error::UnknownDelivery(key);
    let Some(of) = outbox::mailing::find(txn, key.mailing).await? else { return Err(unknown.into()) };
    let campaign = match of.campaign {
        Some(id) => Some(lock(txn, id, decision).await?),
        None => None,
    };
    let Some(entry) = outbox::ledger::entry(txn, key).await? else { return Err(unknown.into()) };
    outbox::decide(txn, key, decision, actor, now).await?;
    if decision == Decision::Retry && is_spared(&entry, class) {
        return Err(Error::Gone(key));
    }
    let scope = campaign.as_ref().map_or(Scope { brand: of.brand, topic: None }, scope);
    if let Some(answers) = ask(txn, of.kind, &scope, decision, &[&entry], now).await?
        && let Some(why) = answers.why_not_to(of.kind, entry.delivery.subscriber)
    {
        return Err(Error::Barred(key, why));
    }
    if let Some(campaign) = campaign {
        go_on(txn, &campaign, decision, &[&entry], actor, now).await?;
    }
    Ok(())
}

impl Many {
    fn means(&self, entry: &Entry) -> bool {
        let over = entry.last.as_ref().is_none_or(|last| last.at <= self.before);
        over && self.class.is_none_or(|class| is_of(entry, class))
    }
}

/// The campaign, which nobody changes before the transaction ends, if it may still be decided about.
async fn lock(txn: &DatabaseTransaction, id: CampaignId, decision: Decision) -> Result<Campaign, Error> {
    let campaign = store::lock(txn, id).await?;
    if decision.sends() && campaign.status == CampaignStatus::Cancelled {
        campaign.status.after(CampaignEvent::Reopen)?;
    }
    Ok(campaign)
}

/// What follows for the campaign: it is being sent, and what had ended and is sent again counts no more.
async fn go_on(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    decision: Decision,
    moved: &[&Entry],
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if decision.sends() {
        shares::take_back(txn, campaign.id, moved).await?;
    }
    if decision.sends() && campaign.status == CampaignStatus::Sent {
        let open =
            |update: sea_orm::UpdateMany<_>| update.col_expr(Column::FinishedAt, Expr::value(None::<DateTime<Utc>>));
        store::apply(txn, campaign, CampaignEvent::Reopen, open, actor, now).await?;
    }
    Ok(())
}

const fn scope(campaign: &Campaign) -> Scope {
    Scope { brand: campaign.draft.brand, topic: Some(campaign.draft.topic) }
}

/// Who of these may be mailed; nothing where nothing is sent.
async fn ask(
    conn: &impl ConnectionTrait,
    kind: MailKind,
    scope: &Scope,
    decision: Decision,
    entries: &[&Entry],
    now: DateTime<Utc>,
) -> Result<Option<Answers>, Error> {
    if !decision.sends() {
        return Ok(None);
    }
    let ids: Vec<SubscriberId> = entries.iter().filter_map(|entry| entry.delivery.subscriber).collect();
    Ok(Some(may_be_mailed(conn, kind, scope, &ids, now).await?))
}

/// Whether the address does not exist and nobody asked for those.
fn is_spared(entry: &Entry, class: Option<Class>) -> bool {
    let gone = [Class::Hard, Class::DomainGone];
    gone.into_iter().any(|gone| is_of(entry, gone) && class != Some(gone))
}

pub(crate) fn is_of(entry: &Entry, class: Class) -> bool {
    entry.last.as_ref().and_then(|last| last.class.as_deref()) == Some(class.as_str())
}
