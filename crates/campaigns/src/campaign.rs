use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, CampaignId, MailingNo, TopicId};
use renderer::Source;

use crate::entity::campaign::Model;
use crate::{CampaignStatus, InvalidTransition, PauseReason};

/// What an author writes: the words of a campaign, and whom they are meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who it is from.
    pub brand: BrandId,
    /// Whose confirmed subscribers get it. The topic belongs to the brand.
    pub topic: TopicId,
    /// What staff call it; no recipient sees it.
    pub name: String,
    /// The templates of subject, preheader and body.
    pub source: Source,
}

/// A campaign as it is on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Which one.
    pub id: CampaignId,
    /// What was written.
    pub draft: Draft,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Why it was paused, if too much of it went wrong; none where a person paused it.
    pub paused_because: Option<PauseReason>,
    /// When it goes, or went, out.
    pub send_at: Option<DateTime<Utc>>,
    /// Its mailing, from its first test mail or its launch on.
    pub mailing: Option<MailingNo>,
    /// When its audience had been written down.
    pub launched_at: Option<DateTime<Utc>>,
    /// When its last delivery was settled, or it was called off.
    pub finished_at: Option<DateTime<Utc>>,
    /// Grows with each change; what `If-Match` names.
    pub version: i64,
    /// When it was first written.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Actor,
}

impl Campaign {
    /// Whether its words may still be changed.
    pub fn can_be_changed(&self) -> Result<(), InvalidTransition> {
        self.status.after(crate::CampaignEvent::Edit).map(drop)
    }
}

impl From<Model> for Campaign {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            draft: Draft {
                brand: row.brand_id,
                topic: row.topic_id,
                name: row.name,
                source: Source { subject: row.subject, preheader: row.preheader, mjml: row.body },
            },
            status: row.status,
            paused_because: row.paused_why,
            send_at: row.send_at,
            mailing: row.mailing_no,
            launched_at: row.launched_at,
            finished_at: row.finished_at,
            version: row.version,
            created_at: row.created_at,
            created_by: row.created_by,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        }
    }
}
