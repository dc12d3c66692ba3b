use accounts::audit;
use anyhow::Context as _;
use campaigns::ledger::{self, Line};
use campaigns::{Decided, Many};
use database::Database;
use domain::{Actor, CampaignId, DeliveryKey, MailingNo};
use outbox::{Decision, State};
use verdict::Class;

use crate::cli::{Deliveries, Which};
use crate::context::Context;
use crate::out::{self, say};

/// `eshot deliveries …`.
pub(super) async fn run(command: Deliveries, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    match command {
        Deliveries::List { campaign, state, limit } => list(&db, campaign, state, limit).await,
        Deliveries::Export { campaign, state } => export(&db, campaign, state).await,
        Deliveries::Retry { which, class } => decide(&db, which, Decision::Retry, class, context).await,
        Deliveries::Resend { which } => decide(&db, which, Decision::Resend, None, context).await,
        Deliveries::GiveUp { which } => decide(&db, which, Decision::GiveUp, None, context).await,
    }
}

async fn list(db: &Database, campaign: CampaignId, state: Option<State>, limit: usize) -> anyhow::Result<bool> {
    let Some(mailing) = mailing(db, campaign).await? else { return Ok(true) };
    let (mut after, mut left) = (None, limit);
    while left > 0 {
        let lines = ledger::lines(db.reader(), mailing, state, after).await?;
        let Some(last) = lines.last() else { break };
        after = Some(last.entry.delivery.key.ordinal);
        lines.iter().take(left).for_each(|one| say!("{}", line(one)));
        left = left.saturating_sub(lines.len());
    }
    Ok(true)
}

async fn export(db: &Database, campaign: CampaignId, state: Option<State>) -> anyhow::Result<bool> {
    out::text(format_args!("{}", ledger::HEADER));
    let Some(mailing) = mailing(db, campaign).await? else { return Ok(true) };
    let mut after = None;
    loop {
        let lines = ledger::lines(db.reader(), mailing, state, after).await?;
        let Some(last) = lines.last() else { return Ok(true) };
        after = Some(last.entry.delivery.key.ordinal);
        let text: String = lines.iter().map(Line::csv).collect();
        out::text(format_args!("{text}"));
    }
}

async fn mailing(db: &Database, campaign: CampaignId) -> anyhow::Result<Option<MailingNo>> {
    let found = campaigns::find(db.reader(), campaign).await?;
    Ok(found.with_context(|| format!("campaign {campaign} does not exist"))?.mailing)
}

fn line(line: &Line) -> String {
    let (delivery, last) = (&line.entry.delivery, line.entry.last.as_ref());
    let address = line.address.as_ref().map_or_else(|| "(erased)".to_owned(), ToString::to_string);
    let mut parts = vec![delivery.key.to_string(), delivery.state.to_string(), address];
    parts.extend(last.map(|last| last.at.format("%Y-%m-%d %H:%M").to_string()));
    parts.extend(last.and_then(|last| last.class.clone()));
    parts.extend(last.and_then(|last| last.code).map(|code| code.to_string()));
    parts.extend(last.map(|last| last.reply.clone()).filter(|reply| !reply.is_empty()));
    parts.extend(delivery.skipped_why.clone());
    parts.join("  ")
}

async fn decide(
    db: &Database,
    which: Which,
    decision: Decision,
    class: Option<Class>,
    context: &Context,
) -> anyhow::Result<bool> {
    match which {
        Which::One(key) => one(db, key, decision, class, context).await,
        Which::Campaign(id) => all(db, id, decision, class, context).await,
    }
}

async fn one(
    db: &Database,
    key: DeliveryKey,
    decision: Decision,
    class: Option<Class>,
    context: &Context,
) -> anyhow::Result<bool> {
    let (actor, now) = (Actor::Operator, context.now());
    let txn = db.begin().await?;
    campaigns::decide(&txn, key, decision, class, &actor, now).await?;
    let act = format!("delivery.{}", verb(decision));
    audit::record(&txn, &actor, &act, &format!("delivery:{key}"), None, now).await?;
    txn.commit().await?;
    say!("{key} {}", done(decision, 1));
    Ok(true)
}

async fn all(
    db: &Database,
    id: CampaignId,
    decision: Decision,
    class: Option<Class>,
    context: &Context,
) -> anyhow::Result<bool> {
    let (actor, act) = (Actor::Operator, format!("campaign.{}", verb(decision)));
    let mut whole = Decided::default();
    // What fails again while this goes on is not meant.
    let mut many = Many { decision, class, before: context.now(), after: None };
    loop {
        let (txn, now) = (db.begin().await?, context.now());
        let piece = campaigns::decide_many(&txn, id, &many, &actor, now).await?;
        if piece.changed > 0 {
            audit::record(&txn, &actor, &act, &format!("campaign:{id}"), None, now).await?;
        }
        txn.commit().await?;
        whole.changed += piece.changed;
        whole.gone += piece.gone;
        whole.barred += piece.barred;
        whole.doubted += piece.doubted;
        many.after = piece.next;
        if piece.next.is_none() {
            break;
        }
    }
    say!("{} {}", whole.changed, done(decision, whole.changed));
    for (count, why) in [
        (whole.gone, "whose address does not exist (--class hard, --class domain_gone)"),
        (whole.barred, "because the person may not be mailed any more"),
        (whole.doubted, "because an attempt may have been taken"),
    ] {
        if count > 0 {
            say!("{count} left as they are, {why}");
        }
    }
    Ok(true)
}

const fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Retry => "retry",
        Decision::Resend => "resend",
        Decision::GiveUp => "give_up",
    }
}

const fn done(decision: Decision, count: u64) -> &'static str {
    match (decision, count) {
        (Decision::Retry, 1) => "is tried again",
        (Decision::Retry, _) => "are tried again",
        (Decision::Resend, 1) => "is sent once more",
        (Decision::Resend, _) => "are sent once more",
        (Decision::GiveUp, 1) => "is given up",
        (Decision::GiveUp, _) => "are given up",
    }
}
