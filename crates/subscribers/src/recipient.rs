use chrono::{DateTime, Utc};
use domain::{EmailAddress, MailKind, SubscriberId};
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Select};

use crate::entity::subscriber::{Column, Entity};
use crate::may_be_mailed::{AT_ONCE, Facts, Need, everybody, facts, rule, those};
use crate::private::Private;
use crate::subscriber::profile;
use crate::{Answers, Error, Profile, Scope};

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

#[derive(FromQueryResult)]
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

#[derive(FromQueryResult)]
struct Checked {
    #[sea_orm(nested)]
    facts: Facts,
    #[sea_orm(nested)]
    person: Row,
}

/// Those of these people who are on file, in no order.
pub async fn recipients(conn: &impl ConnectionTrait, ids: &[SubscriberId]) -> Result<Vec<Recipient>, Error> {
    let mut people = Vec::with_capacity(ids.len());
    for ids in ids.chunks(AT_ONCE) {
        let found = told(Entity::find().select_only().column(Column::Id)).filter(those(conn, ids));
        for row in found.into_model::<Row>().all(conn).await? {
            people.push(row.try_into()?);
        }
    }
    Ok(people)
}

/// Who of these people may get a mail of `kind`, now, and what the mail to them needs: [`may_be_mailed`](crate::may_be_mailed) and
/// [`recipients`] in one look. The recipients are those who may, in no order.
pub async fn who_may_be_mailed(
    conn: &impl ConnectionTrait,
    kind: MailKind,
    scope: &Scope,
    ids: &[SubscriberId],
    now: DateTime<Utc>,
) -> Result<(Answers, Vec<Recipient>), Error> {
    let rule = rule(kind);
    if rule.needs == Need::Nothing {
        return Ok((everybody(ids), recipients(conn, ids).await?));
    }
    let mut answers = Answers::with_room_for(ids.len());
    let mut people = Vec::with_capacity(ids.len());
    for ids in ids.chunks(AT_ONCE) {
        let found = told(facts(&rule, scope, now)).filter(those(conn, ids));
        for Checked { facts, person } in found.into_model::<Checked>().all(conn).await? {
            let why_not = facts.why_not(&rule);
            answers.add(facts.id, why_not);
            if why_not.is_none() {
                people.push(person.try_into()?);
            }
        }
    }
    Ok((answers, people))
}

/// With what a mail needs besides the id.
fn told(select: Select<Entity>) -> Select<Entity> {
    use Column::{Attributes, Company, Email, Name, Phone, PostalAddress, TrackingConsent};
    select.columns([Email, Name, Company, Phone, PostalAddress, Attributes, TrackingConsent])
}

impl TryFrom<Row> for Recipient {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let Row { id, email, name, company, phone, postal_address, attributes, tracking_consent } = row;
        let profile = profile(id, [name, company, phone, postal_address], &attributes)?;
        Ok(Self { id, email, profile, tracking_consent })
    }
}
