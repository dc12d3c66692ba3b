#![doc = include_str!("../README.md")]

mod actor;
mod address;
mod clock;
mod csv;
mod delivery;
mod dns;
mod id;
mod keys;
mod kind;
mod locale;
mod network;
mod provider;
mod reply;
mod throttle;

pub use actor::{Actor, InvalidActor};
pub use address::{EmailAddress, InvalidAddress, Masked, Unreachable, mail_domain};
pub use clock::{Clock, SystemClock};
pub use csv::csv_field;
pub use delivery::{DeliveryKey, InvalidDeliveryKey, MailingNo, Ordinal, TopicNo};
pub use dns::{DnsKind, DnsRecord};
pub use id::{
    AccessId, AlertId, BrandId, CampaignId, ConsentEventId, DkimKeyId, FormId, FormVersionId, InstanceId, InvalidId,
    OptInId, ReturnedMailId, SubscriberId, SuppressionId, TokenId, TopicId, UserId,
};
pub use keys::{InvalidKeys, KeyId, MasterKeys, Purpose, SealError};
pub use kind::{InvalidKind, MailKind};
pub use locale::{InvalidLocale, Locale};
pub use network::{InvalidNetwork, Network};
pub use provider::{InvalidProvider, MailboxProvider};
pub use reply::{EnhancedStatus, InvalidReply, SmtpReply};
pub use throttle::{InvalidThrottle, Throttle};
