use std::fmt;

use chrono::{DateTime, Utc};
use domain::{Actor, AlertId, BrandId, CampaignId, MailboxProvider};
use limits::{Cause, Level, Share};
use sea_orm::FromQueryResult;

use crate::Error;

/// What is wrong, before anybody knows whether it is news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Whom or what it is about.
    pub subject: Subject,
    /// What goes wrong.
    pub cause: Cause,
    /// Whether it was only noticed, or something was stopped.
    pub level: Level,
    /// How often it went wrong, where that was counted.
    pub share: Option<Share>,
    /// A provider's own words, or none.
    pub words: String,
}

/// Whom or what an alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A campaign, of this brand.
    Campaign {
        /// The brand, whose staff is told.
        brand: BrandId,
        /// The campaign.
        campaign: CampaignId,
    },
    /// A mailbox provider, which all brands write to: the staff of each is told.
    Provider(MailboxProvider),
}

/// Something that staff has to know. There is one for a cause while it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Which one.
    pub id: AlertId,
    /// What is wrong, as it was when it was noticed.
    pub alarm: Alarm,
    /// When it was noticed.
    pub since: DateTime<Utc>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// When somebody said that they know.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who.
    pub acknowledged_by: Option<Actor>,
}

impl Alert {
    /// Whether it is to be shown to everybody: it lasts, and nobody has said that they know.
    pub const fn is_standing(&self) -> bool {
        self.ended_at.is_none() && self.acknowledged_at.is_none()
    }
}

/// As the database keeps it, for one alert per cause and subject.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Campaign { campaign, .. } => write!(f, "campaign:{campaign}"),
            Self::Provider(provider) => write!(f, "provider:{provider}"),
        }
    }
}

#[derive(FromQueryResult)]
pub(crate) struct Row {
    id: AlertId,
    cause: Cause,
    level: Level,
    brand_id: Option<BrandId>,
    campaign_id: Option<CampaignId>,
    provider: Option<MailboxProvider>,
    failed: Option<i64>,
    attempts: Option<i64>,
    words: String,
    since: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<Actor>,
}

pub(crate) const COLUMNS: &str = "id, cause, level, brand_id, campaign_id, provider, failed, attempts, words, since, \
                                  ended_at, acknowledged_at, acknowledged_by";

impl TryFrom<Row> for Alert {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let subject = match (row.brand_id, row.campaign_id, row.provider) {
            (Some(brand), Some(campaign), None) => Subject::Campaign { brand, campaign },
            (None, None, Some(provider)) => Subject::Provider(provider),
            _ => return Err(Error::Row(row.id)),
        };
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let share = row.failed.zip(row.attempts).map(|(count, of)| Share { count: number(count), of: number(of) });
        Ok(Self {
            id: row.id,
            alarm: Alarm { subject, cause: row.cause, level: row.level, share, words: row.words },
            since: row.since,
            ended_at: row.ended_at,
            acknowledged_at: row.acknowledged_at,
            acknowledged_by: row.acknowledged_by,
        })
    }
}
