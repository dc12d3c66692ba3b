use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, EmailAddress, Locale, MasterKeys, SubscriberId, TopicId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, SqlErr,
};

use crate::entity::subscriber::{ActiveModel, Column, Entity, Model};
use crate::entity::{subscriber_hash, subscription as subscription_row};
use crate::private::Private;
use crate::subscription::State;
use crate::suppression::{self, AddressHasher};
use crate::voucher::{self, Voucher};
use crate::{Change, Error, Evidence, New, Profile, Subscriber, health, provider_look};

/// Which subscribers a list shows. All by default.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those who stand to this topic in any state, or in the one given.
    pub topic: Option<(TopicId, Option<State>)>,
    /// Those whose address begins so.
    pub email_prefix: Option<String>,
}

/// The person with this id.
pub async fn find(conn: &impl ConnectionTrait, id: SubscriberId) -> Result<Option<Subscriber>, Error> {
    Entity::find_by_id(id).one(conn).await?.map(Subscriber::try_from).transpose()
}

/// The person with this address.
pub async fn find_by_email(conn: &impl ConnectionTrait, email: &EmailAddress) -> Result<Option<Subscriber>, Error> {
    let row = Entity::find().filter(Column::Email.eq(email.clone())).one(conn).await?;
    row.map(Subscriber::try_from).transpose()
}

/// People by the time that they came on file, beginning behind `after`.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<SubscriberId>,
    limit: u64,
) -> Result<Vec<Subscriber>, Error> {
    let mut which = Condition::all().add_option(after.map(|after| Column::Id.gt(after)));
    if let Some(prefix) = filter.email_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        let escaped = prefix.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        which = which.add(Expr::col((Entity, Column::Email)).like(LikeExpr::new(format!("{escaped}%")).escape('\\')));
    }
    if let Some((topic, state)) = filter.topic {
        let standing = subscription_row::Entity::find()
            .select_only()
            .column(subscription_row::Column::SubscriberId)
            .filter(subscription_row::Column::TopicId.eq(topic))
            .filter(Condition::all().add_option(state.map(|state| subscription_row::Column::State.eq(state))))
            .into_query();
        which = which.add(Column::Id.in_subquery(standing));
    }
    let rows = Entity::find().filter(which).order_by_asc(Column::Id).limit(limit).all(conn).await?;
    rows.into_iter().map(Subscriber::try_from).collect()
}

/// Brings a person on file and subscribes them on the basis that is named.
pub async fn create(
    db: &Database,
    keys: &MasterKeys,
    new: New,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Subscriber, Error> {
    let profile = new.profile.checked()?;
    let hasher = AddressHasher::new(keys);
    let txn = db.begin().await?;
    if let Some(reason) = voucher::barred(&txn, &hasher.all(&new.email), &new.topics).await? {
        return Err(Error::Suppressed(reason));
    }
    let (row, fresh) = find_or_insert(&txn, &hasher, &new.email, new.locale, Some(actor), now).await?;
    if !fresh {
        return Err(Error::EmailTaken(new.email));
    }
    put_profile(&txn, &row, profile, row.locale, actor, now).await?;
    let voucher = Voucher {
        basis: new.basis,
        stated: &new.stated,
        until: new.until,
        source: new.source,
        actor,
        evidence: &Evidence::none(),
    };
    for topic in &new.topics {
        voucher::vouch(&txn, &row, *topic, &voucher, now).await?.map_err(|_| Error::UnknownTopic(*topic))?;
    }
    let subscriber = find(&txn, row.id).await?.ok_or(Error::NotFound(row.id))?;
    txn.commit().await?;
    Ok(subscriber)
}

/// Changes a person who is still at the version that the change was meant for.
pub async fn update(
    db: &Database,
    keys: &MasterKeys,
    id: SubscriberId,
    expected: i64,
    change: Change,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Subscriber, Error> {
    let profile = change.profile.map(Profile::checked).transpose()?;
    let txn = db.begin().await?;
    let row = match change.email {
        Some(_) => health::lock_whole(&txn, id).await?,
        None => health::lock(&txn, id).await?,
    };
    let row = row.ok_or(Error::NotFound(id))?;
    if row.version != expected {
        return Err(Error::Conflict { id, expected, actual: row.version });
    }
    let locale = change.locale.unwrap_or(row.locale);
    let profile = match profile {
        Some(profile) => profile,
        None => Subscriber::try_from(row.clone())?.profile,
    };
    put_profile(&txn, &row, profile, locale, actor, now).await?;
    if let Some(email) = change.email.filter(|email| *email != row.email) {
        put_email(&txn, id, email, &AddressHasher::new(keys), now).await?;
    }
    let subscriber = find(&txn, id).await?.ok_or(Error::NotFound(id))?;
    txn.commit().await?;
    Ok(subscriber)
}

/// The person with this address, locked, and whether they came on file just now: by this actor, or by their own act.
pub(crate) async fn find_or_insert(
    conn: &impl ConnectionTrait,
    hasher: &AddressHasher,
    email: &EmailAddress,
    locale: Locale,
    actor: Option<&Actor>,
    now: DateTime<Utc>,
) -> Result<(Model, bool), Error> {
    email.check_reachable()?;
    let id = SubscriberId::new(now);
    let actor = actor.cloned().unwrap_or(Actor::Subscriber(id));
    let row = fresh(id, email, locale, &actor, now);
    Entity::insert(row).on_conflict_do_nothing_on([Column::Email]).exec_without_returning(conn).await?;
    let row = Entity::find().filter(Column::Email.eq(email.clone())).lock(health::ACT).one(conn).await?;
    let row = row.ok_or(Error::NotFound(id))?;
    suppression::put_hashes(conn, row.id, &hasher.all(email)).await?;
    let fresh = row.id == id;
    Ok((row, fresh))
}

/// The row of a person who comes on file now, about whom nothing is known yet.
pub(crate) fn fresh(
    id: SubscriberId,
    email: &EmailAddress,
    locale: Locale,
    actor: &Actor,
    now: DateTime<Utc>,
) -> ActiveModel {
    let provider = dns::provider_of(email.domain());
    ActiveModel {
        id: Set(id),
        email: Set(email.clone()),
        name: Set(None),
        company: Set(None),
        phone: Set(None),
        postal_address: Set(None),
        locale: Set(locale),
        provider_look_at: Set(provider_look::when(&provider, now)),
        provider: Set(provider),
        attributes: Set(Private::nothing()),
        tracking_consent: Set(false),
        score: Set(0),
        score_since: Set(None),
        score_last_at: Set(None),
        domain_gone_at: Set(None),
        domain_look_at: Set(None),
        last_success_at: Set(None),
        version: Set(1),
        created_at: Set(now),
        created_by: Set(actor.clone()),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
    }
}

/// Writes a profile and a language; one more version.
pub(crate) async fn put_profile(
    conn: &impl ConnectionTrait,
    row: &Model,
    profile: Profile,
    locale: Locale,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let changed = ActiveModel {
        locale: Set(locale),
        version: Set(row.version + 1),
        updated_at: Set(now),
        updated_by: Set(actor.clone()),
        ..ActiveModel::default()
    };
    let changed = with_profile(changed, row.id, profile)?;
    Entity::update_many().set(changed).filter(Column::Id.eq(row.id)).exec(conn).await?;
    Ok(())
}

/// A row with what a person told in it.
pub(crate) fn with_profile(row: ActiveModel, id: SubscriberId, profile: Profile) -> Result<ActiveModel, Error> {
    let attributes = serde_json::to_string(&profile.attributes).map_err(|_| Error::Row(id))?;
    Ok(ActiveModel {
        name: Set(profile.name.map(Private)),
        company: Set(profile.company.map(Private)),
        phone: Set(profile.phone.map(Private)),
        postal_address: Set(profile.postal_address.map(Private)),
        attributes: Set(Private(attributes)),
        ..row
    })
}

/// Writes another address: with its own provider, its own hashes, and a clean slate as to failures.
async fn put_email(
    conn: &impl ConnectionTrait,
    id: SubscriberId,
    email: EmailAddress,
    hasher: &AddressHasher,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    email.check_reachable()?;
    let provider = dns::provider_of(email.domain());
    let row = ActiveModel {
        email: Set(email.clone()),
        provider_look_at: Set(provider_look::when(&provider, now)),
        provider: Set(provider),
        score: Set(0),
        score_since: Set(None),
        score_last_at: Set(None),
        domain_gone_at: Set(None),
        domain_look_at: Set(None),
        last_success_at: Set(None),
        ..ActiveModel::default()
    };
    let changed = Entity::update_many().set(row).filter(Column::Id.eq(id)).exec(conn).await;
    changed.map_err(|error| match error.sql_err() {
        // The address is all that is unique here beside the id, which is not touched.
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::EmailTaken(email.clone()),
        _ => error.into(),
    })?;
    let old = subscriber_hash::Entity::delete_many().filter(subscriber_hash::Column::SubscriberId.eq(id));
    old.exec(conn).await?;
    Ok(suppression::put_hashes(conn, id, &hasher.all(&email)).await?)
}
