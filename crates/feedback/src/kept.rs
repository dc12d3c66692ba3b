//! The returned mails that are kept, and how long.

use std::fmt;

use chrono::{DateTime, Utc};
use database::private::{Private, Stars};
use domain::{Actor, DeliveryKey, ReturnedMailId, SubscriberId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, DeriveActiveEnum, EntityTrait, EnumIter, FromQueryResult, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};

use crate::Effect;
use crate::entity::{Column, Entity};

/// What became of a returned mail.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Standing {
    /// Something was changed by it.
    Acted,
    /// It was understood and asks for nothing.
    Noted,
    /// It was understood, and is for a person to decide.
    ToLookAt,
    /// It waits for a person to look at it.
    NotUnderstood,
    /// It asks for something that it has no token for.
    Refused,
}

/// A returned mail without its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: ReturnedMailId,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// By which door.
    pub source: String,
    /// Its envelope sender; empty for reports.
    pub envelope_from: String,
    /// Whom it was sent to.
    pub envelope_to: String,
    /// What it is, as [`Kind::as_str`](crate::Kind::as_str) says.
    pub kind: String,
    /// What became of it.
    pub standing: Standing,
    /// Whom it is about.
    pub subscriber: Option<SubscriberId>,
    /// What it is about.
    pub delivery: Option<DeliveryKey>,
    /// The verdict's class.
    pub class: Option<String>,
    /// The rule that gave the verdict, or the reason of the standing.
    pub rule: Option<String>,
    /// The words that the verdict was given on.
    pub words: Option<String>,
    /// What it did to whom it is about.
    pub effect: Option<Effect>,
    /// How that was taken back, if it was.
    pub released: Option<Released>,
    /// Who has seen that it waits for a person, and when.
    pub acknowledged: Option<(DateTime<Utc>, Option<Actor>)>,
}

/// Staff took back what a returned mail did.
#[derive(Clone, PartialEq, Eq)]
pub struct Released {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Option<Actor>,
    /// Why; nothing once the person is erased.
    pub why: Option<String>,
}

/// Masked likewise: what staff wrote may name the person.
impl fmt::Debug for Released {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = Stars::over(self.why.as_ref());
        f.debug_struct("Released").field("at", &self.at).field("by", &self.by).field("why", &why).finish()
    }
}

/// Masked, as the row is: whom it is from and to, and in which words, is nobody's business who reads a log.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("id", &self.id)
            .field("received_at", &self.received_at)
            .field("source", &self.source)
            .field("kind", &self.kind)
            .field("standing", &self.standing)
            .field("subscriber", &self.subscriber)
            .field("delivery", &self.delivery)
            .field("class", &self.class)
            .field("rule", &self.rule)
            .field("words", &Stars::over(self.words.as_ref()))
            .field("effect", &self.effect)
            .field("released", &self.released)
            .field("acknowledged", &self.acknowledged)
            .finish_non_exhaustive()
    }
}

/// Which returned mails are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that this became of.
    pub standing: Option<Standing>,
    /// Those that are about this person.
    pub subscriber: Option<SubscriberId>,
    /// Those of this kind, such as `feedback_report`.
    pub kind: Option<String>,
    /// Those of which the verdict is this class.
    pub class: Option<String>,
    /// Those that came by this door.
    pub source: Option<String>,
    /// Those that nobody has acknowledged.
    pub unseen: bool,
}

/// A page of kept mails, newest first, those before `before`.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: Filter,
    before: Option<ReturnedMailId>,
    limit: u64,
) -> Result<Vec<Kept>, DbErr> {
    let mut query = without_text();
    if let Some(standing) = filter.standing {
        query = query.filter(Column::Standing.eq(standing));
    }
    if let Some(subscriber) = filter.subscriber {
        query = query.filter(Column::SubscriberId.eq(subscriber));
    }
    for (column, text) in [(Column::Kind, filter.kind), (Column::Class, filter.class), (Column::Source, filter.source)]
    {
        if let Some(text) = text {
            query = query.filter(column.eq(text));
        }
    }
    if filter.unseen {
        query = query.filter(Column::AcknowledgedAt.is_null());
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    let rows = query.order_by_desc(Column::Id).limit(limit).into_model::<Row>().all(conn).await?;
    Ok(rows.into_iter().map(Kept::from).collect())
}

/// The kept mail with this id.
pub async fn find(conn: &impl ConnectionTrait, id: ReturnedMailId) -> Result<Option<Kept>, DbErr> {
    let row = without_text().filter(Column::Id.eq(id)).into_model::<Row>().one(conn).await?;
    Ok(row.map(Kept::from))
}

/// The mail itself, byte for byte as it came; empty once the person is erased.
pub async fn raw(conn: &impl ConnectionTrait, id: ReturnedMailId) -> Result<Option<Vec<u8>>, DbErr> {
    Entity::find_by_id(id).select_only().column(Column::Raw).into_tuple().one(conn).await
}

/// Drops up to `limit` mails that came before a time, and says how many. What they did stays done.
pub async fn expire(conn: &impl ConnectionTrait, before: DateTime<Utc>, limit: u64) -> Result<u64, DbErr> {
    let ids: Vec<ReturnedMailId> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ReceivedAt.lt(before))
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await?;
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(Entity::delete_many().filter(Column::Id.is_in(ids)).exec(conn).await?.rows_affected)
}

#[derive(FromQueryResult)]
struct Row {
    id: ReturnedMailId,
    received_at: DateTime<Utc>,
    source: String,
    envelope_from: Private,
    envelope_to: Private,
    kind: String,
    standing: Standing,
    subscriber_id: Option<SubscriberId>,
    mailing_no: Option<domain::MailingNo>,
    ordinal: Option<domain::Ordinal>,
    class: Option<String>,
    rule: Option<String>,
    words: Option<Private>,
    effect: Option<Effect>,
    released_at: Option<DateTime<Utc>>,
    released_by: Option<Actor>,
    released_why: Option<Private>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<Actor>,
}

impl From<Row> for Kept {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            received_at: row.received_at,
            source: row.source,
            envelope_from: row.envelope_from.0,
            envelope_to: row.envelope_to.0,
            kind: row.kind,
            standing: row.standing,
            subscriber: row.subscriber_id,
            delivery: row.mailing_no.zip(row.ordinal).map(|(mailing, ordinal)| DeliveryKey::new(mailing, ordinal)),
            class: row.class,
            rule: row.rule,
            words: row.words.map(|words| words.0),
            effect: row.effect,
            released: row.released_at.map(|at| Released {
                at,
                by: row.released_by,
                why: row.released_why.map(|why| why.0),
            }),
            acknowledged: row.acknowledged_at.map(|at| (at, row.acknowledged_by)),
        }
    }
}

/// The texts are large and seldom wanted.
fn without_text() -> sea_orm::Select<Entity> {
    Entity::find().select_only().columns([
        Column::Id,
        Column::ReceivedAt,
        Column::Source,
        Column::EnvelopeFrom,
        Column::EnvelopeTo,
        Column::Kind,
        Column::Standing,
        Column::SubscriberId,
        Column::MailingNo,
        Column::Ordinal,
        Column::Class,
        Column::Rule,
        Column::Words,
        Column::Effect,
        Column::ReleasedAt,
        Column::ReleasedBy,
        Column::ReleasedWhy,
        Column::AcknowledgedAt,
        Column::AcknowledgedBy,
    ])
}
