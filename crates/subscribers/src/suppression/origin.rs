use domain::{DeliveryKey, ReturnedMailId};

use crate::entity::suppression::Model;

/// What a decision about a person was made on, so that whoever doubts it finds the words.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The message that failed, came back or was complained about.
    pub delivery: Option<DeliveryKey>,
    /// The returned mail that said so; none where the relay refused it at once.
    pub returned_mail: Option<ReturnedMailId>,
}

impl Origin {
    /// A message, of which a returned mail said it, or the relay's own answer.
    pub fn new(delivery: DeliveryKey, returned_mail: impl Into<Option<ReturnedMailId>>) -> Self {
        Self { delivery: Some(delivery), returned_mail: returned_mail.into() }
    }

    pub(super) fn of(row: &Model) -> Self {
        let delivery = row.mailing_no.zip(row.ordinal).map(|(mailing, ordinal)| DeliveryKey::new(mailing, ordinal));
        Self { delivery, returned_mail: row.returned_mail_id }
    }
}
