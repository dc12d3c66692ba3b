//! What failed or came back, from the facts: late, and about mails of long ago.

use std::collections::BTreeMap;

use activity::{Cursor, Fact, Kind};
use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::{CampaignId, DeliveryKey, MailboxProvider, MailingNo, Ordinal};
use outbox::recent::BusyLane;
use sea_orm::ConnectionTrait;
use verdict::Class;

use super::Concerned;
use crate::shares::More;
use crate::{Error, shares};

/// Its cursor's name.
const READER: &str = "campaigns.failures";

/// How many facts a transaction takes: others wait for it on SQLite.
const CHUNK: u32 = 500;

/// How many transactions a look has.
const TURNS: usize = 20;

/// Counts what has gone wrong since the last time, and says in which campaigns, and in which lanes a provider has refused us.
pub(super) async fn count(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<Concerned, Error> {
    let mut concerned = Concerned::default();
    for _ in 0..TURNS {
        let from = activity::position(db.reader(), READER).await?;
        let facts = activity::read_failures(db.reader(), READER, CHUNK).await?;
        // Whoever else counted them has the role now, and looks at what they concern.
        let Some(theirs) = take(db, lease, from, &facts, now).await? else { break };
        concerned.add(theirs);
        if facts.len() < CHUNK as usize {
            break;
        }
    }
    Ok(concerned)
}

/// Counts these facts, unless somebody else has since the reader stood at `from`: the role may change hands between the look and the
/// commit.
async fn take(
    db: &Database,
    lease: &Lease,
    from: Cursor,
    facts: &[(Cursor, Fact)],
    now: DateTime<Utc>,
) -> Result<Option<Concerned>, Error> {
    let Some((last, _)) = facts.last() else { return Ok(None) };
    let txn = lease::begin(db, lease, now).await?;
    if !activity::advance_from(&txn, READER, from, *last).await? {
        return Ok(None);
    }
    let concerned = add(&txn, facts.iter().map(|(_, fact)| fact)).await?;
    txn.commit().await?;
    Ok(Some(concerned))
}

async fn add(conn: &impl ConnectionTrait, facts: impl Iterator<Item = &Fact>) -> Result<Concerned, Error> {
    let mut of_mailing: BTreeMap<MailingNo, Vec<(DeliveryKey, &Fact)>> = BTreeMap::new();
    for fact in facts {
        if let Some(key) = fact.delivery {
            of_mailing.entry(key.mailing).or_default().push((key, fact));
        }
    }
    let mut concerned = Concerned::default();
    for (mailing, facts) in of_mailing {
        let Some(mailing) = outbox::mailing::find(conn, mailing).await? else { continue };
        for (lane, mark) in refusing(conn, &facts).await? {
            let lane = BusyLane { mailing_no: mailing.no, campaign_id: mailing.campaign, lane, mark };
            concerned.lanes.insert((lane.mailing_no, lane.lane.clone()), lane);
        }
        let Some(campaign) = mailing.campaign else { continue };
        if add_to(conn, campaign, &facts).await? {
            concerned.campaigns.insert(campaign);
        }
    }
    Ok(concerned)
}

/// The lanes of which mail came back because the provider refuses us, each with the last such message in it. The report comes when
/// much has gone since: the share is one of the messages around those that came back.
async fn refusing(
    conn: &impl ConnectionTrait,
    facts: &[(DeliveryKey, &Fact)],
) -> Result<BTreeMap<MailboxProvider, Ordinal>, Error> {
    let mut lanes = BTreeMap::new();
    for (key, _) in facts.iter().filter(|(_, fact)| is_refusal(fact)) {
        let Some(delivery) = outbox::find(conn, *key).await? else { continue };
        let last = lanes.entry(delivery.lane).or_insert(key.ordinal);
        *last = key.ordinal.max(*last);
    }
    Ok(lanes)
}

/// Says whether anything of it counts.
async fn add_to(conn: &impl ConnectionTrait, id: CampaignId, facts: &[(DeliveryKey, &Fact)]) -> Result<bool, Error> {
    let since = shares::find(conn, id).await?.since;
    let mut more = More::default();
    for (key, fact) in facts {
        // A mail that went before somebody had looked at the campaign says nothing new.
        let is_old = match since {
            Some(since) => fact.at <= since || has_gone_before(conn, *key, since).await?,
            None => false,
        };
        if !is_old {
            more.hard += i64::from(failed_as(fact, Class::Hard));
            more.complained += i64::from(fact.kind == Kind::Complained);
            if failed_as(fact, Class::Content) {
                more.content += 1;
                more.words = text(fact, "words").map(str::to_owned).or(more.words);
            }
        }
    }
    if more.is_nothing() {
        return Ok(false);
    }
    shares::add(conn, id, more).await?;
    Ok(true)
}

async fn has_gone_before(conn: &impl ConnectionTrait, key: DeliveryKey, since: DateTime<Utc>) -> Result<bool, Error> {
    let delivery = outbox::find(conn, key).await?;
    Ok(delivery.and_then(|delivery| delivery.sent_at).is_some_and(|sent_at| sent_at <= since))
}

fn failed_as(fact: &Fact, class: Class) -> bool {
    matches!(fact.kind, Kind::Failed | Kind::Bounced) && text(fact, "class") == Some(class.as_str())
}

/// What failed at once is among the last attempts anyway.
fn is_refusal(fact: &Fact) -> bool {
    fact.kind == Kind::Bounced && failed_as(fact, Class::Block)
}

fn text<'a>(fact: &'a Fact, name: &str) -> Option<&'a str> {
    fact.detail.as_ref().and_then(|detail| detail[name].as_str())
}

#[cfg(test)]
mod tests {
    use domain::BrandId;
    use testkit::{TestDb, both, scheduler, start_of_time};

    use super::*;

    both! {
        async fn what_somebody_else_has_counted_meanwhile_is_not_counted_again(db: TestDb) {
            let (db, now) = (db.database(), start_of_time());
            let lease = scheduler(db, now).await;
            activity::record(db.writer(), &Fact::new(Kind::Failed, BrandId::new(now), now)).await.unwrap();
            let from = activity::position(db.reader(), READER).await.unwrap();
            let facts = loop {
                // On PostgreSQL a transaction of another test may stand before it.
                let facts = activity::read_failures(db.reader(), READER, 9).await.unwrap();
                if !facts.is_empty() {
                    break facts;
                }
                tokio::task::yield_now().await;
            };
            assert_eq!(take(db, &lease, from, &facts, now).await.unwrap(), Some(Concerned::default()));
            assert_eq!(take(db, &lease, from, &facts, now).await.unwrap(), None);
        }
    }
}
