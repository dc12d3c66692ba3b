use chrono::{DateTime, Utc};
use domain::{BrandId, SubscriberId};
use sea_orm::ConnectionTrait;

use crate::Error;
use crate::subscription::State;
use crate::topic::Topic;

/// What the preferences page shows to whoever holds a footer's link: no personal value is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// The brand's topics that the person ever asked for, in the brand's order.
    pub choices: Vec<Choice>,
    /// Until when they asked for a pause.
    pub paused_until: Option<DateTime<Utc>>,
}

/// One topic, and how the person stands to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The topic.
    pub topic: Topic,
    /// How they stand to it.
    pub state: State,
    /// Until when the leaving can be taken back.
    pub undo_until: Option<DateTime<Utc>>,
}

/// How a person stands to a brand's topics; none if they are not on file.
pub async fn preferences(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: BrandId,
    now: DateTime<Utc>,
) -> Result<Option<Preferences>, Error> {
    let _ = (conn, subscriber, brand, now);
    todo!()
}
