//! What failed or came back, from the facts: late, and about mails of long ago.

use std::collections::{BTreeMap, BTreeSet};

use activity::{Fact, Kind};
use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::{CampaignId, DeliveryKey, MailingNo};
use sea_orm::ConnectionTrait;
use verdict::Class;

use super::Concerned;
use crate::{Error, shares};

/// Its cursor's name.
const READER: &str = "campaigns.failures";

/// How many facts a transaction takes: others wait for it on SQLite.
const CHUNK: u32 = 500;

/// How many transactions a look has.
const TURNS: usize = 20;

/// Counts what has gone wrong since the last time, and says in which campaigns.
pub(super) async fn count(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<Concerned, Error> {
    let mut concerned = BTreeSet::new();
    for _ in 0..TURNS {
        let facts = activity::read_failures(db.reader(), READER, CHUNK).await?;
        let Some((last, _)) = facts.last() else { break };
        let txn = lease::begin(db, lease, now).await?;
        concerned.extend(add(&txn, facts.iter().map(|(_, fact)| fact)).await?);
        activity::advance(&txn, READER, *last).await?;
        txn.commit().await?;
        if facts.len() < CHUNK as usize {
            break;
        }
    }
    Ok(concerned)
}

async fn add(conn: &impl ConnectionTrait, facts: impl Iterator<Item = &Fact>) -> Result<Concerned, Error> {
    let mut of_mailing: BTreeMap<MailingNo, Vec<(DeliveryKey, &Fact)>> = BTreeMap::new();
    for fact in facts {
        if let Some(key) = fact.delivery {
            of_mailing.entry(key.mailing).or_default().push((key, fact));
        }
    }
    let mut concerned = BTreeSet::new();
    for (mailing, facts) in of_mailing {
        let Some(campaign) = outbox::mailing::find(conn, mailing).await?.and_then(|mailing| mailing.campaign) else {
            continue;
        };
        if add_to(conn, campaign, &facts).await? {
            concerned.insert(campaign);
        }
    }
    Ok(concerned)
}

/// Says whether anything of it counts.
async fn add_to(conn: &impl ConnectionTrait, id: CampaignId, facts: &[(DeliveryKey, &Fact)]) -> Result<bool, Error> {
    let since = shares::find(conn, id).await?.since;
    let (mut hard, mut complained) = (0, 0);
    for (key, fact) in facts {
        // A mail that went before somebody had looked at the campaign says nothing new.
        let is_old = match since {
            Some(since) => fact.at <= since || has_gone_before(conn, *key, since).await?,
            None => false,
        };
        if !is_old {
            hard += i64::from(is_hard(fact));
            complained += i64::from(fact.kind == Kind::Complained);
        }
    }
    if hard + complained > 0 {
        shares::add(conn, id, hard, complained).await?;
    }
    Ok(hard + complained > 0)
}

async fn has_gone_before(conn: &impl ConnectionTrait, key: DeliveryKey, since: DateTime<Utc>) -> Result<bool, Error> {
    let delivery = outbox::find(conn, key).await?;
    Ok(delivery.and_then(|delivery| delivery.sent_at).is_some_and(|sent_at| sent_at <= since))
}

fn is_hard(fact: &Fact) -> bool {
    let class = fact.detail.as_ref().and_then(|detail| detail["class"].as_str());
    matches!(fact.kind, Kind::Failed | Kind::Bounced) && class == Some(Class::Hard.as_str())
}
