//! All that is kept here about a person, for themselves.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, EmailAddress, Locale, SubscriberId, TopicId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;

use crate::consent::{Act, Shown};
use crate::entity::{opt_in, pause};
use crate::subscription::{self, State};
use crate::suppression::{self, Reason};
use crate::{Basis, Error, Profile, Source, consent, store, topic};

/// All that is kept here about a person (GDPR art. 15 and 20), in a form that other programs read.
///
/// Messages and what followed from them stand elsewhere; whoever answers the person puts them beside it.
#[derive(Clone, Serialize)]
pub struct Export {
    /// When it was written.
    pub exported_at: DateTime<Utc>,
    /// The person's id.
    pub subscriber: SubscriberId,
    /// Their address.
    pub email: EmailAddress,
    /// What they told.
    pub profile: Profile,
    /// Their language.
    pub locale: Locale,
    /// Whether they agreed with some brand to be counted one by one. The ledger says with which.
    pub tracking_consent: bool,
    /// When they came on file.
    pub created_at: DateTime<Utc>,
    /// When a mail was last known to have reached them.
    pub last_success_at: Option<DateTime<Utc>>,
    /// How they stand to topics.
    pub subscriptions: Vec<Subscription>,
    /// When they asked to subscribe, and what became of it.
    pub requests: Vec<Request>,
    /// Rests that they asked for.
    pub pauses: Vec<Pause>,
    /// Why they may not be mailed.
    pub suppressions: Vec<Suppression>,
    /// What the consent ledger says, with its proof.
    pub consent: Vec<Consent>,
}

/// How a person stands to a topic.
#[derive(Clone, Debug, Serialize)]
pub struct Subscription {
    /// The topic.
    pub topic: TopicId,
    /// Its name.
    pub name: Option<String>,
    /// How they stand to it.
    pub state: State,
    /// On what basis.
    pub basis: Basis,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When it was left.
    pub left_at: Option<DateTime<Utc>>,
    /// By which door.
    pub left_by: Option<Source>,
}

/// A request to subscribe.
#[derive(Clone, Serialize)]
pub struct Request {
    /// Of which brand.
    pub brand: BrandId,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When it was mailed about.
    pub mailed_at: Option<DateTime<Utc>>,
    /// When it was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// What was told with it and waits to be confirmed.
    pub details: serde_json::Value,
}

/// A rest.
#[derive(Clone, Debug, Serialize)]
pub struct Pause {
    /// From which brand.
    pub brand: BrandId,
    /// Until when.
    pub until: DateTime<Utc>,
    /// When it was asked for; unknown of old ones.
    pub set_at: Option<DateTime<Utc>>,
    /// By whom.
    pub set_by: Option<Actor>,
    /// When it was ended early.
    pub ended_at: Option<DateTime<Utc>>,
    /// By whom.
    pub ended_by: Option<Actor>,
}

/// A reason not to mail them.
#[derive(Clone, Debug, Serialize)]
pub struct Suppression {
    /// Which.
    pub reason: Reason,
    /// For which brand; none for every one.
    pub brand: Option<BrandId>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What staff said.
    pub detail: String,
}

/// An entry of the consent ledger.
#[derive(Clone, Serialize)]
pub struct Consent {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub act: Act,
    /// Of which brand.
    pub brand: BrandId,
    /// About which topic.
    pub topic: Option<String>,
    /// On what basis.
    pub basis: Option<Basis>,
    /// The words that they agreed to.
    pub words: Option<String>,
    /// By which door.
    pub source: Option<String>,
    /// From which machine.
    pub ip: Option<IpAddr>,
    /// With which browser or program.
    pub user_agent: Option<String>,
    /// What staff stated.
    pub note: Option<String>,
}

/// All that is kept here about a person; none if they are not on file.
pub async fn export(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    now: DateTime<Utc>,
) -> Result<Option<Export>, Error> {
    let Some(person) = store::find(conn, subscriber).await? else { return Ok(None) };
    let standing = suppression::active_for_subscriber(conn, subscriber).await?;
    let suppressions = standing.into_iter().map(|entry| Suppression {
        reason: entry.reason,
        brand: entry.brand,
        since: entry.created_at,
        detail: entry.detail,
    });
    Ok(Some(Export {
        exported_at: now,
        subscriber,
        email: person.email,
        profile: person.profile,
        locale: person.locale,
        tracking_consent: person.tracking_consent,
        created_at: person.created_at,
        last_success_at: person.last_success_at,
        subscriptions: subscriptions(conn, subscriber).await?,
        requests: requests(conn, subscriber).await?,
        pauses: pauses(conn, subscriber).await?,
        suppressions: suppressions.collect(),
        consent: consent::entries(conn, subscriber).await?.into_iter().map(Consent::from).collect(),
    }))
}

async fn subscriptions(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<Vec<Subscription>, Error> {
    let mut subscriptions = Vec::new();
    for row in subscription::of(conn, subscriber, None).await? {
        subscriptions.push(Subscription {
            topic: row.topic_id,
            name: topic::find(conn, row.topic_id).await?.map(|topic| topic.name),
            state: row.state,
            basis: row.basis,
            since: row.since,
            confirmed_at: row.confirmed_at,
            left_at: row.left_at,
            left_by: row.left_by,
        });
    }
    Ok(subscriptions)
}

async fn requests(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<Vec<Request>, Error> {
    let rows = opt_in::Entity::find().filter(opt_in::Column::SubscriberId.eq(subscriber));
    let rows = rows.order_by_asc(opt_in::Column::Id).all(conn).await?;
    let request = |row: opt_in::Model| {
        let details = serde_json::from_str(&row.details.0).map_err(|_| Error::OptInRow(row.id))?;
        Ok(Request {
            brand: row.brand_id,
            requested_at: row.requested_at,
            mailed_at: row.mailed_at,
            confirmed_at: row.confirmed_at,
            details,
        })
    };
    rows.into_iter().map(request).collect()
}

async fn pauses(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<Vec<Pause>, Error> {
    let rows = pause::Entity::find().filter(pause::Column::SubscriberId.eq(subscriber)).all(conn).await?;
    let pause = |row: pause::Model| Pause {
        brand: row.brand_id,
        until: row.until,
        set_at: row.set_at,
        set_by: row.set_by,
        ended_at: row.ended_at,
        ended_by: row.ended_by,
    };
    Ok(rows.into_iter().map(pause).collect())
}

impl From<Shown> for Consent {
    fn from(shown: Shown) -> Self {
        let proof = shown.proof;
        Self {
            at: shown.at,
            act: shown.act,
            brand: shown.brand,
            topic: shown.topic.map(|topic| topic.name),
            basis: shown.basis,
            words: shown.form.map(|form| form.consent_words),
            source: proof.as_ref().and_then(|proof| proof.source.clone()),
            ip: proof.as_ref().and_then(|proof| proof.ip),
            user_agent: proof.as_ref().and_then(|proof| proof.user_agent.clone()),
            note: proof.and_then(|proof| proof.note),
        }
    }
}
