use chrono::{DateTime, Utc};
use domain::{BrandId, CampaignId, DeliveryKey, SubscriberId, TopicId};

use crate::InvalidTransition;

/// Why something could not be done with a campaign.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such campaign.
    #[error("campaign {0} does not exist")]
    NotFound(CampaignId),
    /// Somebody else changed it since it was read.
    #[error("the campaign was changed meanwhile: it has version {found}, not {expected}")]
    Conflict {
        /// The version that the caller had read.
        expected: i64,
        /// The version on file.
        found: i64,
    },
    /// It is not in a state for this.
    #[error(transparent)]
    State(#[from] InvalidTransition),
    /// There is no such brand.
    #[error("brand {0} does not exist")]
    UnknownBrand(BrandId),
    /// There is no such topic, it is another brand's, or it takes no campaigns any more.
    #[error("topic {topic} is not one of the current topics of brand {brand}")]
    UnknownTopic {
        /// The topic as it was asked for.
        topic: TopicId,
        /// The brand as it was asked for.
        brand: BrandId,
    },
    /// There is no such subscriber to show it to.
    #[error("subscriber {0} does not exist")]
    UnknownSubscriber(SubscriberId),
    /// A campaign is found again by its name.
    #[error("a campaign's name has from 1 to 200 characters")]
    Name,
    /// The time lies so far off that it must be a slip.
    #[error("{0} is more than a year away; a campaign is scheduled for a time within a year")]
    TooFar(DateTime<Utc>),
    /// Subject, preheader or body do not compile.
    #[error(transparent)]
    Template(#[from] renderer::TemplateError),
    /// One person's values do not fit in.
    #[error(transparent)]
    Render(#[from] renderer::RenderError),
    /// A link of the mail cannot be written.
    #[error("a link of the mail cannot be written")]
    Link(#[from] links::Unfit),
    /// The address does not exist, and nobody asked for such by name.
    #[error("the address of delivery {0} does not exist; say so, by its class, to have it tried again all the same")]
    Gone(DeliveryKey),
    /// The person may not be mailed any more.
    #[error("the person of delivery {0} may not be mailed: {1}")]
    Barred(DeliveryKey, subscribers::Why),
    /// The topic does not read.
    #[error("the topic cannot be read")]
    Topic(#[from] subscribers::topic::Error),
    /// The subscriber does not read.
    #[error("the subscriber cannot be read")]
    Subscriber(#[from] subscribers::Error),
    /// The brand does not read.
    #[error("the brand cannot be read")]
    Brand(#[from] brands::Error),
    /// The brand's accent is none.
    #[error("the brand's accent is no colour")]
    Accent(#[from] renderer::InvalidColour),
    /// The brand's links and returned mail have no place.
    #[error("the brand's links have nowhere to live")]
    Site(#[from] links::InvalidSite),
    /// The document that was frozen when it was scheduled does not read.
    #[error("the frozen document of campaign {0} does not read")]
    Frozen(CampaignId, #[source] serde_json::Error),
    /// The queue did not take it.
    #[error("the outbox refuses it")]
    Outbox(#[from] outbox::Error),
    /// What went wrong could not be read.
    #[error("the facts do not answer")]
    Activity(#[from] activity::Error),
    /// Staff could not be told.
    #[error("the alert cannot be raised")]
    Alert(#[from] alerts::Error),
    /// It is another instance's to do.
    #[error(transparent)]
    Lease(#[from] database::lease::BeginError),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}
