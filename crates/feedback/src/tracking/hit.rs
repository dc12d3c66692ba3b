use chrono::{DateTime, Utc};
use domain::{BrandId, DeliveryKey, MailingNo, Network};

/// What somebody did, or a machine in their name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A mail's picture was fetched.
    Opened,
    /// The link with this number was followed.
    Clicked(u16),
}

/// In whose mail.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// In this delivery's.
    Delivery(DeliveryKey),
    /// In some mail of this mailing's.
    Mailing(MailingNo),
}

/// An opening or a click, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub deed: Deed,
    /// In whose mail.
    pub whose: Whose,
    /// Who the mail is from.
    pub brand: BrandId,
    /// How many links the mail has.
    pub links: u16,
    /// From where, as far as it is kept.
    pub network: Option<Network>,
    /// The rule by which the request itself looks like a machine's.
    pub suspect: Option<&'static str>,
}

impl Whose {
    /// The mailing.
    pub const fn mailing(self) -> MailingNo {
        match self {
            Self::Delivery(key) => key.mailing,
            Self::Mailing(mailing) => mailing,
        }
    }
}
