mod table;

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use domain::{BrandId, MailKind, SubscriberId, TopicId};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement, SubQueryStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};

use crate::conditions;
use crate::entity::subscriber::{Column, Entity};
use crate::suppression::Reason;
pub(crate) use table::{Need, Rule, rule};

/// How many people are looked up at a time: SQLite takes 32,766 parameters a statement. A batch never comes near, but a caller may ask
/// about more.
pub(crate) const AT_ONCE: usize = 10_000;

/// On whose behalf, and about what, a mail is to go.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The brand.
    pub brand: BrandId,
    /// The topic, where the mail is about one: a campaign's always is.
    pub topic: Option<TopicId>,
}

/// Why somebody may not get a mail.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// They are not on file (any more).
    Unknown,
    /// They are not subscribed, or not on a basis that still holds.
    NotSubscribed,
    /// There is nothing that they could confirm.
    NothingPending,
    /// They asked for a pause.
    Paused,
    /// The address is suppressed.
    Suppressed(Reason),
}

/// Who of those asked about may get the mail.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    answers: HashMap<SubscriberId, Option<Why>>,
}

impl Answers {
    pub(crate) fn with_room_for(people: usize) -> Self {
        Self { answers: HashMap::with_capacity(people) }
    }

    pub(crate) fn add(&mut self, subscriber: SubscriberId, why_not: Option<Why>) {
        self.answers.insert(subscriber, why_not);
    }

    /// Why this person may not; none if they may.
    pub fn why_not(&self, subscriber: SubscriberId) -> Option<Why> {
        self.answers.get(&subscriber).copied().unwrap_or(Some(Why::Unknown))
    }

    /// The same for whoever a delivery of this kind is to: who is nobody was erased, but for staff, whose mail goes to the address that
    /// it was given.
    pub fn why_not_to(&self, kind: MailKind, subscriber: Option<SubscriberId>) -> Option<Why> {
        match subscriber {
            Some(subscriber) => self.why_not(subscriber),
            None => (!kind.is_for_staff()).then_some(Why::Unknown),
        }
    }

    /// Whether this person may.
    pub fn may(&self, subscriber: SubscriberId) -> bool {
        self.why_not(subscriber).is_none()
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::NotSubscribed => f.write_str("not_subscribed"),
            Self::NothingPending => f.write_str("nothing_pending"),
            Self::Paused => f.write_str("paused"),
            Self::Suppressed(reason) => write!(f, "suppressed_{reason}"),
        }
    }
}

/// Says who of `subscribers` may get a mail of `kind`, now. Asked when a campaign is launched, and again for every batch
/// right before it goes.
pub async fn may_be_mailed(
    conn: &impl ConnectionTrait,
    kind: MailKind,
    scope: &Scope,
    subscribers: &[SubscriberId],
    now: DateTime<Utc>,
) -> Result<Answers, DbErr> {
    let rule = rule(kind);
    if rule.needs == Need::Nothing {
        return Ok(everybody(subscribers));
    }
    let mut answers = Answers::with_room_for(subscribers.len());
    for ids in subscribers.chunks(AT_ONCE) {
        let rows = facts(&rule, scope, now).filter(those(conn, ids));
        for row in rows.into_model::<Facts>().all(conn).await? {
            answers.add(row.id, row.why_not(&rule));
        }
    }
    Ok(answers)
}

/// Whoever it is may get a mail of a kind that needs nothing.
pub(crate) fn everybody(subscribers: &[SubscriberId]) -> Answers {
    Answers { answers: subscribers.iter().map(|id| (*id, None)).collect() }
}

/// What decides about one person.
#[derive(FromQueryResult)]
pub(crate) struct Facts {
    pub(crate) id: SubscriberId,
    needed: bool,
    suppressed: Option<Reason>,
    paused: bool,
}

/// The rows of `subscribers` of these people.
pub(crate) fn those(conn: &impl ConnectionTrait, ids: &[SubscriberId]) -> Expr {
    database::among(conn.get_database_backend(), Column::Id.into_expr(), ids.iter().map(|id| id.uuid()))
}

pub(crate) fn facts(rule: &Rule, scope: &Scope, now: DateTime<Utc>) -> sea_orm::Select<Entity> {
    let needed = match rule.needs {
        Need::Subscription => any(conditions::subscriptions(scope.brand, scope.topic, now)),
        Need::PendingRequest => any(conditions::requests(scope.brand, now)),
        Need::Person | Need::Nothing => Expr::val(1).eq(1),
    };
    let suppressed = conditions::suppressions(scope.brand, rule.bars).limit(1).take();
    Entity::find()
        .select_only()
        .column(Column::Id)
        .expr_as(needed, "needed")
        .expr_as(scalar(suppressed), "suppressed")
        .expr_as(any(conditions::pauses(scope.brand, now)), "paused")
}

fn scalar(select: SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(select)))
}

/// Whether there is a row, looked up for each person by itself. EXISTS would say the same, but PostgreSQL may answer that by
/// reading everybody's rows into a table first: sensible for an audience, ruinous for a batch.
fn any(mut select: SelectStatement) -> Expr {
    scalar(select.limit(1).take()).is_not_null()
}

impl Facts {
    /// A suppression is named before anything else: staff can do something about it.
    pub(crate) fn why_not(&self, rule: &Rule) -> Option<Why> {
        match self.suppressed {
            Some(reason) => Some(Why::Suppressed(reason)),
            None if !self.needed => Some(match rule.needs {
                Need::PendingRequest => Why::NothingPending,
                Need::Subscription | Need::Person | Need::Nothing => Why::NotSubscribed,
            }),
            None if self.paused && rule.pause_bars => Some(Why::Paused),
            None => None,
        }
    }
}
