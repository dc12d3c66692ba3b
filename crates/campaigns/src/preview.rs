use domain::{CampaignId, SubscriberId};
use links::Links;
use renderer::Rendered;
use sea_orm::ConnectionTrait;

use crate::{Error, Reader, letter, person};

/// The campaign as this subscriber would get it, or as nobody in particular would. The links of a preview name nobody: who
/// looks at one can follow them without doing anything in the subscriber's name.
pub async fn preview(
    conn: &impl ConnectionTrait,
    links: &Links,
    id: CampaignId,
    subscriber: Option<SubscriberId>,
) -> Result<Rendered, Error> {
    let letter = letter::letter(conn, id).await?;
    let person = match subscriber {
        Some(id) => {
            let subscriber = subscribers::find(conn, id).await?.ok_or(Error::UnknownSubscriber(id))?;
            person(&subscriber.email, subscriber.profile)
        }
        None => renderer::Person::default(),
    };
    letter.render(links, Reader::Onlooker, person)
}
