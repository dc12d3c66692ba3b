//! Staff take back what a returned mail did to a person.

use activity::{Fact, Kind};
use chrono::{DateTime, Utc};
use database::Database;
use database::private::Private;
use domain::{Actor, DeliveryKey, ReturnedMailId, SubscriberId};
use sea_orm::ActiveValue::{Set, Unchanged};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait, QuerySelect};
use serde_json::json;
use subscribers::suppression::{self, LiftError, Reason};

use crate::entity::{ActiveModel, Entity, Model};
use crate::{Effect, Kept, kept};

/// Why what a mail did cannot be taken back.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// There is no such mail.
    #[error("returned mail {0} does not exist")]
    NotFound(ReturnedMailId),
    /// Staff may, but must say why.
    #[error("say why: whoever looks at it later has nothing else to go by")]
    WithoutReason,
    /// It did nothing to anybody.
    #[error("returned mail {0} did nothing to anybody")]
    Harmless(ReturnedMailId),
    /// That is the person's own wish, and theirs to take back.
    #[error("the person asked to be left alone; only they bring themselves back, by a double opt-in")]
    OwnWish,
    /// It is about a mailbox provider.
    #[error("it holds back a mailbox provider, not a person: lift that limit")]
    OfProvider,
    /// No suppression of its own stands: an equal one stood before, another mail completed it, or it is lifted already.
    #[error("no suppression made by returned mail {0} stands: if one stands, lift that")]
    NotTheirs(ReturnedMailId),
    /// A complaint is the person's own word, and who may release failures may not take it back.
    #[error("returned mail {0} is a complaint: only who may lift suppressions takes it back")]
    Complaint(ReturnedMailId),
    /// The suppression stays.
    #[error(transparent)]
    Lift(#[from] LiftError),
    /// The fact could not be written.
    #[error("the fact of a release cannot be written")]
    Activity(#[from] activity::Error),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Who takes back what a returned mail did.
#[derive(Copy, Clone, Debug)]
pub struct Release<'a> {
    /// Why, in words.
    pub why: &'a str,
    /// Who.
    pub actor: &'a Actor,
    /// Whether they may lift suppressions, and so what a complaint has brought about.
    pub may_lift: bool,
}

/// Takes back what a returned mail did to a person: the suppression that it brought about, or the failure that was counted. Neither
/// the same report nor a [`replay`](crate::replay) does it again. To release it twice is harmless; the first stays.
pub async fn release(
    db: &Database,
    id: ReturnedMailId,
    by: Release<'_>,
    now: DateTime<Utc>,
) -> Result<Kept, ReleaseError> {
    if by.why.trim().is_empty() {
        return Err(ReleaseError::WithoutReason);
    }
    let txn = db.begin().await?;
    let mail = Entity::find_by_id(id).lock_exclusive().one(&txn).await?.ok_or(ReleaseError::NotFound(id))?;
    if mail.released_at.is_none() {
        undo(&txn, &mail, by, now).await?;
        let row = ActiveModel {
            id: Unchanged(id),
            released_at: Set(Some(now)),
            released_by: Set(Some(by.actor.clone())),
            released_why: Set(Some(Private(by.why.to_owned()))),
            ..ActiveModel::default()
        };
        Entity::update(row).exec(&txn).await?;
    }
    let released = kept::find(&txn, id).await?.ok_or(ReleaseError::NotFound(id))?;
    txn.commit().await?;
    Ok(released)
}

async fn undo(
    txn: &DatabaseTransaction,
    mail: &Model,
    by: Release<'_>,
    now: DateTime<Utc>,
) -> Result<(), ReleaseError> {
    let person = mail.subscriber_id;
    match mail.effect {
        Some(Effect::Suppressed) => {
            let lifted = suppression::lift_by_report(txn, mail.id, by.why, by.actor, now).await?;
            if lifted.contains(&Reason::Complaint) && !by.may_lift {
                return Err(ReleaseError::Complaint(mail.id));
            }
            // The lifting is a fact already.
            if lifted.is_empty() { Err(ReleaseError::NotTheirs(mail.id)) } else { Ok(()) }
        }
        Some(effect @ (Effect::Counted | Effect::LookedUp)) => {
            let Some(person) = person else { return Err(ReleaseError::Harmless(mail.id)) };
            // What it was a part of stands by now: to take the part back would leave the person as they are.
            let became = if effect == Effect::Counted { Reason::Soft } else { Reason::DomainGone };
            let standing = suppression::active_for_subscriber(txn, person).await?;
            if standing.iter().any(|one| one.reason == became) {
                return Err(ReleaseError::NotTheirs(mail.id));
            }
            match effect {
                Effect::Counted => subscribers::uncount(txn, person, mail.received_at).await?,
                _ => subscribers::domain_gone::forget(txn, person).await?,
            }
            tell(txn, mail, person, by, now).await
        }
        Some(Effect::Left) => Err(ReleaseError::OwnWish),
        Some(Effect::Paused) => Err(ReleaseError::OfProvider),
        None => Err(ReleaseError::Harmless(mail.id)),
    }
}

async fn tell(
    txn: &DatabaseTransaction,
    mail: &Model,
    person: SubscriberId,
    by: Release<'_>,
    now: DateTime<Utc>,
) -> Result<(), ReleaseError> {
    let Some(delivery) = mail.mailing_no.zip(mail.ordinal).map(|(mailing, ordinal)| DeliveryKey::new(mailing, ordinal))
    else {
        return Ok(());
    };
    let Some(mailing) = outbox::mailing::find(txn, delivery.mailing).await? else { return Ok(()) };
    let detail = json!({ "effect": mail.effect, "returned_mail": mail.id, "why": by.why, "by": by.actor });
    let fact = Fact::new(Kind::Released, mailing.brand, now).about(person).of(delivery).with(detail);
    Ok(activity::record(txn, &fact).await?)
}
