use domain::{BrandId, DeliveryKey, SubscriberId};
use outbox::{Delivery, mailing};
use sea_orm::{DatabaseTransaction, DbErr};

use super::Error;
use super::decision::Decision;
use crate::Standing;

/// The message that a returned mail is about, as far as it is known.
pub(super) struct About {
    pub(super) key: Option<DeliveryKey>,
    pub(super) delivery: Option<Delivery>,
    pub(super) brand: Option<BrandId>,
}

impl About {
    pub(super) async fn find(txn: &DatabaseTransaction, key: Option<DeliveryKey>) -> Result<Self, DbErr> {
        let Some(key) = key else { return Ok(Self { key: None, delivery: None, brand: None }) };
        let brand = mailing::find(txn, key.mailing).await?.map(|mailing| mailing.brand);
        let mut delivery = outbox::find(txn, key).await?;
        // The person is locked before anything of the message is changed. Then it is read again: they may have been erased.
        if let Some(subscriber) = delivery.as_ref().and_then(|delivery| delivery.subscriber) {
            subscribers::hold(txn, subscriber).await?;
            delivery = outbox::find(txn, key).await?;
        }
        Ok(Self { key: Some(key), delivery, brand })
    }

    pub(super) fn subscriber(&self) -> Option<SubscriberId> {
        self.delivery.as_ref().and_then(|delivery| delivery.subscriber)
    }

    /// Whether the message was to somebody who has been erased since.
    pub(super) fn is_of_nobody(&self) -> bool {
        self.delivery.as_ref().is_some_and(|delivery| delivery.subscriber.is_none() && delivery.recipient.is_none())
    }

    /// A decision about it.
    pub(super) fn note(&self, standing: Standing, why: &'static str) -> Decision {
        Decision {
            delivery: self.key,
            subscriber: self.subscriber(),
            forgets: self.is_of_nobody(),
            ..Decision::new(standing, why)
        }
    }

    /// The address that the message was for.
    pub(super) async fn address(&self, txn: &DatabaseTransaction) -> Result<Option<String>, Error> {
        let Some(delivery) = &self.delivery else { return Ok(None) };
        if let Some(recipient) = &delivery.recipient {
            return Ok(Some(recipient.to_string()));
        }
        let Some(subscriber) = delivery.subscriber else { return Ok(None) };
        Ok(subscribers::find(txn, subscriber).await?.map(|subscriber| subscriber.email.to_string()))
    }
}
