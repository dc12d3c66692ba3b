use chrono::{DateTime, Utc};
use domain::{BrandId, SubscriberId};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::entity::subscriber;
use crate::subscription::{self, State};
use crate::topic::{self, Topic};
use crate::{Error, opt_out, pause, tracking};

/// What the preferences page shows to whoever holds a footer's link: no personal value is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// The brand's topics that the person ever asked for, in the brand's order.
    pub choices: Vec<Choice>,
    /// Until when they asked for a pause.
    pub paused_until: Option<DateTime<Utc>>,
    /// Whether they agreed to be counted one by one when they open and click.
    pub tracking_allowed: bool,
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
    if subscriber::Entity::find_by_id(subscriber).one(conn).await?.is_none() {
        return Ok(None);
    }
    let rows = subscription::of(conn, subscriber, Some(brand)).await?;
    let mut choices = Vec::new();
    for topic in topic::list(conn, brand).await? {
        let Some(row) = rows.iter().find(|row| row.topic_id == topic.id) else { continue };
        let undo_until = opt_out::undo_until(row).filter(|until| *until >= now);
        choices.push(Choice { topic, state: row.state, undo_until });
    }
    Ok(Some(Preferences {
        choices,
        paused_until: pause::until(conn, subscriber, brand, now).await?,
        tracking_allowed: tracking::is_allowed(conn, subscriber, brand).await?,
    }))
}
