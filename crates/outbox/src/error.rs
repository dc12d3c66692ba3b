use domain::{DeliveryKey, MailingNo};

use crate::mailing::InvalidMailingTransition;
use crate::state::InvalidTransition;

/// Why the outbox did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such mailing.
    #[error("there is no mailing {0}")]
    UnknownMailing(MailingNo),
    /// There is no such delivery.
    #[error("there is no delivery {0}")]
    UnknownDelivery(DeliveryKey),
    /// The mailing is past it.
    #[error("mailing {0} is closed and takes no more deliveries")]
    Closed(MailingNo),
    /// The mailing is in the wrong state for it.
    #[error(transparent)]
    Mailing(#[from] InvalidMailingTransition),
    /// The delivery is in the wrong state for it.
    #[error(transparent)]
    Delivery(#[from] InvalidTransition),
    /// An attempt at the delivery was taken, or may have been, so that it is not tried again as one that failed.
    #[error("an attempt at delivery {0} may have been taken, so it is not tried again")]
    Doubted(DeliveryKey),
    /// A row holds what the program never writes.
    #[error("delivery {0} holds data that is no JSON")]
    Data(DeliveryKey, #[source] serde_json::Error),
    /// The database failed.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}
