//! The deliveries of a mailing with the last attempt at each, for staff: to look at, to hand on, to decide about.

use chrono::{DateTime, Utc};
use database::sql;
use domain::{DeliveryKey, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::delivery::{self, Delivery};
use crate::{Decision, State};

/// A delivery, and the last attempt at it that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How far it has come.
    pub delivery: Delivery,
    /// The last attempt, if there was one and it is over.
    pub last: Option<Last>,
}

/// What the last attempt at a delivery came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// What `verdict` called the answer.
    pub class: Option<String>,
    /// The reply code.
    pub code: Option<i16>,
    /// The relay's words.
    pub reply: String,
    /// The rule that judged it, or why there was no attempt with a relay.
    pub rule: Option<String>,
    /// When it ended, or was given up as lost.
    pub at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    delivery: delivery::Row,
    class: Option<String>,
    code: Option<i16>,
    reply: Option<String>,
    rule: Option<String>,
    ended_at: Option<DateTime<Utc>>,
}

/// A page of a mailing's deliveries in their order with the last attempt at each, all or those in one state, behind `after`.
pub async fn page(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    state: Option<State>,
    after: Option<Ordinal>,
    limit: u32,
) -> Result<Vec<Entry>, DbErr> {
    let values = [mailing.into(), after.unwrap_or(Ordinal(0)).into(), i64::from(limit).into()];
    let rows: Vec<Row> = sql::all(conn, &paging(state), values).await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// A page of the deliveries that `decision` is about.
pub async fn page_for(
    conn: &impl ConnectionTrait,
    mailing: MailingNo,
    decision: Decision,
    after: Option<Ordinal>,
    limit: u32,
) -> Result<Vec<Entry>, DbErr> {
    page(conn, mailing, Some(decision.about()), after, limit).await
}

/// One delivery with the last attempt at it.
pub async fn entry(conn: &impl ConnectionTrait, key: DeliveryKey) -> Result<Option<Entry>, DbErr> {
    // The one behind the one before it, if it is there.
    let before = Ordinal(key.ordinal.0.saturating_sub(1));
    let found = page(conn, key.mailing, None, Some(before), 1).await?.pop();
    Ok(found.filter(|entry| entry.delivery.key == key))
}

/// At most `$3` deliveries of the mailing `$1` behind the ordinal `$2`, with the last attempt at each.
pub(crate) fn paging(state: Option<State>) -> String {
    format!(
        "SELECT p.*, a.class, a.code, a.reply, a.rule, COALESCE(a.answered_at, a.noted_at) AS ended_at \
         FROM ({}) AS p LEFT JOIN attempts a \
             ON a.mailing_no = p.mailing_no AND a.ordinal = p.ordinal AND a.attempt = p.attempt \
         ORDER BY p.ordinal",
        delivery::listing(state)
    )
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let Row { delivery, class, code, reply, rule, ended_at } = row;
        let last = ended_at.map(|at| Last { class, code, reply: reply.unwrap_or_default(), rule, at });
        Self { delivery: delivery.into(), last }
    }
}
