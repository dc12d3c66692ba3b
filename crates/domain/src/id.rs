use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

/// Why a text is no id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is a UUID such as 01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f")]
pub struct InvalidId;

/// Names one kind of thing; ids are UUIDs of version 7 (RFC 9562 §5.7), so newer ones sort behind older ones.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id made at `now`.
            pub fn new(now: DateTime<Utc>) -> Self {
                Self(version_7(now))
            }

            /// The id with these bytes, as a token carries it.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The id's sixteen bytes.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }

            /// The id as the database and the API know it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::from_str(text).map(Self).map_err(|_| InvalidId)
            }
        }

        // sea-orm asks it of every primary key. No database of ours makes ids, so the answer is no.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
    )*};
}

id! {
    /// A single-use link mailed to a person's own address.
    AccessId
    /// Something that staff has to know.
    AlertId
    /// A sender identity.
    BrandId
    /// A campaign.
    CampaignId
    /// One entry of the consent ledger.
    ConsentEventId
    /// A DKIM signing key.
    DkimKeyId
    /// A sign-up form.
    FormId
    /// One frozen state of a form: its words and fields at one time.
    FormVersionId
    /// One running `eshot serve`.
    InstanceId
    /// One request to subscribe, waiting to be confirmed.
    OptInId
    /// One mail that came back.
    ReturnedMailId
    /// A person on file.
    SubscriberId
    /// One entry of the list of addresses that may not be mailed.
    SuppressionId
    /// An API token.
    TokenId
    /// What a person subscribes to.
    TopicId
    /// A member of staff.
    UserId
}

impl SubscriberId {
    /// Nobody: what the links of a test mail name, so that following them changes nothing.
    pub const NOBODY: Self = Self(Uuid::nil());
}

fn version_7(now: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made_at() {
        let early = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let late = early + chrono::Duration::milliseconds(2);
        assert!(SubscriberId::new(early) < SubscriberId::new(late));
    }

    #[test]
    fn an_id_survives_text_and_bytes() {
        let id = TopicId::new(DateTime::from_timestamp(1_700_000_000, 0).unwrap());
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(TopicId::from_bytes(id.to_bytes()), id);
        assert_eq!("nonsense".parse::<TopicId>(), Err(InvalidId));
    }
}
