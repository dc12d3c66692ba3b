use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use domain::{BrandId, MailKind, SubscriberId, TopicId};
use sea_orm::{ConnectionTrait, DbErr};

use crate::suppression::Reason;

/// On whose behalf, and about what, a mail is to go.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The brand.
    pub brand: BrandId,
    /// The topic, where the mail is about one: a campaign's always is.
    pub topic: Option<TopicId>,
}

/// Why somebody may not get a mail.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// They are not on file (any more).
    Unknown,
    /// They are not subscribed, or not on a basis that still holds.
    NotSubscribed,
    /// There is nothing that they could confirm.
    NothingPending,
    /// They asked for a pause.
    Paused,
    /// The address is suppressed.
    Suppressed(Reason),
}

/// Who of those asked about may get the mail.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    answers: HashMap<SubscriberId, Option<Why>>,
}

impl Answers {
    /// Why this person may not; none if they may.
    pub fn why_not(&self, subscriber: SubscriberId) -> Option<Why> {
        self.answers.get(&subscriber).copied().unwrap_or(Some(Why::Unknown))
    }

    /// Whether this person may.
    pub fn may(&self, subscriber: SubscriberId) -> bool {
        self.why_not(subscriber).is_none()
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::NotSubscribed => f.write_str("not_subscribed"),
            Self::NothingPending => f.write_str("nothing_pending"),
            Self::Paused => f.write_str("paused"),
            Self::Suppressed(reason) => write!(f, "suppressed_{reason}"),
        }
    }
}

/// Says who of `subscribers` may get a mail of `kind`, now. Asked when a campaign is launched, and again for every batch
/// right before it goes.
pub async fn may_be_mailed(
    conn: &impl ConnectionTrait,
    kind: MailKind,
    scope: &Scope,
    subscribers: &[SubscriberId],
    now: DateTime<Utc>,
) -> Result<Answers, DbErr> {
    let _ = (conn, kind, scope, subscribers, now);
    todo!()
}
