use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, MasterKeys, OptInId, TopicId};
use sea_orm::{ConnectionTrait, EntityTrait};

use super::ask::{Asked, ask, topics_of};
use super::mail::{self, Details};
use super::{Invitation, Request, RequestError, State};
use crate::entity::opt_in;
use crate::form::{self, Field, Version};
use crate::suppression::AddressHasher;
use crate::{Error, Evidence, Profile, Source, health, store, topic};

/// For how many days an invitation that came by no form can be confirmed.
const INVITATION_DAYS: i32 = 7;

/// Takes a filled-in form. What is answered is the same whether or not the address is known; at most one confirmation mail
/// a day goes to it.
pub async fn request(
    db: &Database,
    keys: &MasterKeys,
    request: Request,
    now: DateTime<Utc>,
) -> Result<(), RequestError> {
    let profile = request.profile.checked()?;
    let hasher = AddressHasher::new(keys);
    let txn = db.begin().await.map_err(Error::from)?;
    let unknown = || RequestError::UnknownForm(request.form_version);
    let version = form::version(&txn, request.form_version).await.map_err(Error::from)?.ok_or_else(unknown)?;
    let form = form::find(&txn, version.form).await.map_err(Error::from)?.ok_or_else(unknown)?;
    check_fields(&version, &profile)?;
    if let Some(topic) = request.topics.iter().find(|topic| !version.definition.topics.contains(topic)) {
        return Err(RequestError::UnknownTopic(*topic));
    }
    let asked = Asked {
        brand: form.brand,
        topics: check_topics(&txn, form.brand, &request.topics).await?,
        details: Details { profile, locale: request.locale },
        words: Some((version.id, version.digest().map_err(Error::from)?)),
        days: version.confirm_within_days,
        source: Source::Form,
        note: None,
        actor: None,
        evidence: &request.evidence,
    };
    let (person, _) = store::find_or_insert(&txn, &hasher, &request.email, request.locale, None, now).await?;
    ask(&txn, &person, asked, now).await?;
    Ok(txn.commit().await.map_err(Error::from)?)
}

/// Asks a person to subscribe, as a form of theirs would.
pub async fn invite(
    db: &Database,
    keys: &MasterKeys,
    invitation: Invitation,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), RequestError> {
    let profile = invitation.profile.checked()?;
    let hasher = AddressHasher::new(keys);
    let txn = db.begin().await.map_err(Error::from)?;
    let asked = Asked {
        brand: invitation.brand,
        topics: check_topics(&txn, invitation.brand, &invitation.topics).await?,
        details: Details { profile, locale: invitation.locale },
        words: None,
        days: INVITATION_DAYS,
        source: Source::Api,
        note: Some(&invitation.stated),
        actor: Some(actor),
        evidence: &Evidence::none(),
    };
    let (email, locale) = (&invitation.email, invitation.locale);
    let (person, _) = store::find_or_insert(&txn, &hasher, email, locale, Some(actor), now).await?;
    ask(&txn, &person, asked, now).await?;
    Ok(txn.commit().await.map_err(Error::from)?)
}

/// Mails the question again: the same request while it waits, a new one for the same topics when its time is over. Says
/// nothing about whether it did; at most one a day.
pub async fn resend(db: &Database, id: OptInId, evidence: &Evidence, now: DateTime<Utc>) -> Result<(), Error> {
    let txn = db.begin().await?;
    let Some(before) = opt_in::Entity::find_by_id(id).one(&txn).await? else { return Ok(()) };
    let Some(person) = health::lock(&txn, before.subscriber_id).await? else { return Ok(()) };
    let Some(row) = opt_in::Entity::find_by_id(id).one(&txn).await? else { return Ok(()) };
    let waits = matches!(row.state, State::Pending | State::Superseded) && row.expires_at > now;
    if waits {
        mail::question(&txn, &person, &row, now).await?;
    } else if row.state != State::Confirmed {
        let version = match row.form_version_id {
            Some(version) => form::version(&txn, version).await?,
            None => None,
        };
        let asked = Asked {
            brand: row.brand_id,
            topics: topics_of(&txn, id).await?.into_iter().filter(|topic| topic.archived_at.is_none()).collect(),
            details: Details { profile: Profile::default(), locale: person.locale },
            words: version.as_ref().map(|version| version.digest().map(|words| (version.id, words))).transpose()?,
            days: version.as_ref().map_or(INVITATION_DAYS, |version| version.confirm_within_days),
            source: Source::Page,
            note: None,
            actor: None,
            evidence,
        };
        ask(&txn, &person, asked, now).await?;
    }
    Ok(txn.commit().await?)
}

fn check_fields(version: &Version, profile: &Profile) -> Result<(), RequestError> {
    for field in Field::ALL {
        let spec = version.definition.fields.iter().find(|spec| spec.field == field);
        match (spec, field.of(profile)) {
            (None, Some(_)) => return Err(RequestError::NotAsked(field)),
            (Some(spec), None) if spec.required => return Err(RequestError::Missing(field)),
            _ => {}
        }
    }
    Ok(())
}

/// The topics, each once, if they are the brand's and take people.
async fn check_topics(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    ids: &[TopicId],
) -> Result<Vec<topic::Topic>, RequestError> {
    let mut topics = Vec::new();
    for id in ids.iter().collect::<BTreeSet<_>>() {
        let topic = topic::find(conn, *id).await.map_err(Error::from)?;
        let topic = topic.filter(|topic| topic.brand == brand && topic.archived_at.is_none());
        topics.push(topic.ok_or(RequestError::UnknownTopic(*id))?);
    }
    if topics.is_empty() { Err(RequestError::NoTopic) } else { Ok(topics) }
}
