use chrono::{DateTime, Utc};
use domain::{BrandId, ConsentEventId, EmailAddress, SubscriberId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::check::{Checker, Looks};
use super::{Act, Proof};
use crate::entity::consent_event::{Column, Entity};
use crate::form::{self, Version};
use crate::private::Private;
use crate::topic::{self, Topic};
use crate::{Basis, Error, store};

/// One entry of the ledger with all that proves it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its id.
    pub id: ConsentEventId,
    /// Its place in the chain; none if the sealer has not come by yet.
    pub seq: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub act: Act,
    /// Of which brand.
    pub brand: BrandId,
    /// About which topic.
    pub topic: Option<Topic>,
    /// On what basis.
    pub basis: Option<Basis>,
    /// The form as the person saw it, with its words.
    pub form: Option<Version>,
    /// By what it is proved; none where that was removed or no longer reads as anything.
    pub proof: Option<Proof>,
    /// Whether entry, evidence and words are what was hashed when it was written.
    pub intact: bool,
}

/// All entries about the person with this address, oldest first; none if they are not on file.
pub async fn show(conn: &impl ConnectionTrait, email: &EmailAddress) -> Result<Option<Vec<Shown>>, Error> {
    match store::find_by_email(conn, email).await? {
        Some(person) => entries(conn, person.id).await.map(Some),
        None => Ok(None),
    }
}

/// All entries about a person, oldest first.
pub(crate) async fn entries(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<Vec<Shown>, Error> {
    let rows = Entity::find().filter(Column::SubscriberId.eq(subscriber));
    let rows = rows.order_by_asc(Column::At).order_by_asc(Column::Id).all(conn).await?;
    let mut checker = Checker::default();
    let mut shown = Vec::new();
    for row in rows {
        let looks = checker.look(conn, &row).await?;
        let form = match row.form_version_id {
            Some(version) => form::version(conn, version).await?,
            None => None,
        };
        let topic = match row.topic_id {
            Some(topic) => topic::find(conn, topic).await?,
            None => None,
        };
        let (proof, intact) = match looks {
            Looks::Whole(proof) => (Some(*proof), true),
            Looks::Erased => (None, false),
            Looks::Wrong(_) => (row.evidence.and_then(|Private(text)| Proof::from_canonical(&text).ok()), false),
        };
        shown.push(Shown {
            id: row.id,
            seq: row.seq,
            at: row.at,
            act: row.act,
            brand: row.brand_id,
            topic,
            basis: row.basis,
            form,
            proof,
            intact,
        });
    }
    Ok(shown)
}
