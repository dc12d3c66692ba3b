use domain::{EmailAddress, SubscriberId};
use sea_orm::{ColumnTrait, ConnectionTrait, DerivePartialModel, EntityTrait, QueryFilter};

use crate::entity::subscriber::{Column, Entity};
use crate::private::Private;
use crate::subscriber::profile;
use crate::{Error, Profile};

/// What a mail to somebody on file needs of them: it is read for each message, so it is no more than that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Their id.
    pub id: SubscriberId,
    /// Where their mail goes.
    pub email: EmailAddress,
    /// What they told.
    pub profile: Profile,
    /// Whether they agreed with some brand to be counted one by one; [`tracking::among`](crate::tracking::among) says with which.
    pub tracking_consent: bool,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Row {
    id: SubscriberId,
    email: EmailAddress,
    name: Option<Private>,
    company: Option<Private>,
    phone: Option<Private>,
    postal_address: Option<Private>,
    attributes: Private,
    tracking_consent: bool,
}

/// Those of these people who are on file, in no order.
pub async fn recipients(conn: &impl ConnectionTrait, ids: &[SubscriberId]) -> Result<Vec<Recipient>, Error> {
    let found =
        Entity::find().filter(Column::Id.is_in(ids.iter().copied())).into_partial_model::<Row>().all(conn).await?;
    found.into_iter().map(Recipient::try_from).collect()
}

impl TryFrom<Row> for Recipient {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let Row { id, email, name, company, phone, postal_address, attributes, tracking_consent } = row;
        let profile = profile(id, [name, company, phone, postal_address], &attributes)?;
        Ok(Self { id, email, profile, tracking_consent })
    }
}
