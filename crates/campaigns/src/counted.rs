use domain::{BrandId, CampaignId, DeliveryKey, MailingNo};
use renderer::Compiled;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::Error;
use crate::entity::campaign::{Column, Entity};

/// Whether it is counted when a reader opens a mail and follows its links, and for whom.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Counting {
    /// Nothing is: there is no picture, and links lead straight to where they lead.
    Nothing,
    /// Followed links are, for nobody in particular.
    Anonymously,
    /// Openings and followed links are, for this delivery: its reader agreed to that.
    Personally(DeliveryKey),
}

/// Where the links of a campaign lead, as it was frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// The campaign.
    pub campaign: CampaignId,
    /// Who it is from.
    pub brand: BrandId,
    /// The addresses, by the numbers that links carry.
    pub links: Vec<String>,
}

/// Where the links of a mailing's campaign lead; none for a mailing that is no campaign's, or whose words are not frozen yet.
pub async fn targets(conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<Option<Targets>, Error> {
    let Some(row) = Entity::find().filter(Column::MailingNo.eq(mailing)).one(conn).await? else { return Ok(None) };
    let Some(frozen) = row.compiled else { return Ok(None) };
    let compiled: Compiled = serde_json::from_str(&frozen).map_err(|error| Error::Frozen(row.id, error))?;
    Ok(Some(Targets { campaign: row.id, brand: row.brand_id, links: compiled.links().to_vec() }))
}
