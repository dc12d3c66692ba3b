use std::collections::{HashMap, HashSet};

use alerts::{Alarm, Subject};
use campaigns::{CampaignStatus, Counting, Reader};
use chrono::{DateTime, Utc};
use domain::{CampaignId, DeliveryKey, MailKind, SubscriberId};
use limits::Level;
use outbox::Claimed;
use renderer::system;
use sea_orm::ConnectionTrait;
use serde::Deserialize;
use subscribers::{Recipient, intent, opt_in};

use super::piece::{Content, Piece};
use super::{ComposeError, Stationery};

/// What was read for a batch.
#[derive(Default)]
pub(crate) struct Read {
    /// The deliveries that can be composed, in their order.
    pub(crate) pieces: Vec<Piece>,
    /// The others, and why not.
    pub(crate) skipped: Vec<(DeliveryKey, String)>,
}

/// What `campaigns::test_mail` leaves behind.
#[derive(Deserialize)]
struct Test {
    campaign: CampaignId,
}

/// Reads what these deliveries, which are to these people, need besides the stationery. An error is the database's; what is wrong with
/// one delivery is its own affair.
pub(crate) async fn read(
    conn: &impl ConnectionTrait,
    stationery: &Stationery,
    claimed: Vec<Claimed>,
    people: Vec<Recipient>,
    now: DateTime<Utc>,
) -> Result<Read, ComposeError> {
    let counted = counted(conn, stationery, &people).await?;
    let mut people: HashMap<SubscriberId, Recipient> = people.into_iter().map(|person| (person.id, person)).collect();
    let mut read = Read { pieces: Vec::with_capacity(claimed.len()), skipped: Vec::new() };
    for claimed in claimed {
        // A campaign has each of its readers once. What people asked for may lie here twice for one of them.
        let person = match stationery.mailing.kind {
            MailKind::Campaign => claimed.subscriber.and_then(|id| people.remove(&id)),
            _ => claimed.subscriber.and_then(|id| people.get(&id).cloned()),
        };
        let key = claimed.key;
        let counting = match claimed.subscriber {
            Some(id) if counted.contains(&id) => Counting::Personally(key),
            _ if stationery.brand.anonymous_clicks => Counting::Anonymously,
            _ => Counting::Nothing,
        };
        match piece(conn, stationery, claimed, counting, person, now).await {
            Ok(Some(piece)) => read.pieces.push(piece),
            Ok(None) => read.skipped.push((key, subscribers::Why::Unknown.to_string())),
            Err(error) if error.is_database() => return Err(error),
            Err(error) => read.skipped.push((key, format!("{}{}", outbox::recent::UNFIT_BEGINS, error.chain()))),
        }
    }
    Ok(read)
}

/// Those whom the brand of a campaign may count.
async fn counted(
    conn: &impl ConnectionTrait,
    stationery: &Stationery,
    people: &[Recipient],
) -> Result<HashSet<SubscriberId>, ComposeError> {
    let with_any: Vec<_> = people.iter().filter(|person| person.tracking_consent).map(|person| person.id).collect();
    if stationery.mailing.kind != MailKind::Campaign || with_any.is_empty() {
        return Ok(HashSet::new());
    }
    Ok(subscribers::tracking::among(conn, stationery.brand.id, &with_any).await?)
}

/// None if the person is gone.
async fn piece(
    conn: &impl ConnectionTrait,
    stationery: &Stationery,
    claimed: Claimed,
    counting: Counting,
    mut person: Option<Recipient>,
    now: DateTime<Utc>,
) -> Result<Option<Piece>, ComposeError> {
    let name = person.as_ref().and_then(|person| person.profile.name.clone());
    let content = match (stationery.mailing.kind, &mut person) {
        (MailKind::Campaign, Some(person)) => {
            let told = campaigns::person(&person.email, std::mem::take(&mut person.profile));
            Some(Content::Letter { reader: Reader::Subscriber(person.id), counting, person: Box::new(told) })
        }
        (MailKind::Test, _) => {
            let Test { campaign } = serde_json::from_value(claimed.data)?;
            Some(Content::Test(Box::new(campaigns::letter(conn, campaign).await?)))
        }
        (MailKind::Confirmation | MailKind::Reminder, Some(person)) => {
            let intent = serde_json::from_value(claimed.data)?;
            question(conn, intent, person, now).await?
        }
        (MailKind::Welcome, Some(person)) => {
            let intent::OptIn { opt_in, locale } = serde_json::from_value(claimed.data)?;
            let topics = opt_in::open(conn, opt_in, now).await?.map(|request| request.topics);
            topics.map(|topics| Content::Welcome { locale, subscriber: person.id, topics })
        }
        (MailKind::Access, Some(_)) => {
            let intent::Access { access, locale } = serde_json::from_value(claimed.data)?;
            Some(Content::Access { locale, access })
        }
        (MailKind::Alert, _) => Some(alert(conn, serde_json::from_value(claimed.data)?).await?),
        (_, None) => None,
    };
    let recipient = claimed.recipient.or(person.map(|person| person.email));
    let (Some(content), Some(recipient)) = (content, recipient) else { return Ok(None) };
    Ok(Some(Piece { key: claimed.key, subscriber: claimed.subscriber, recipient, name, content }))
}

async fn alert(conn: &impl ConnectionTrait, alerts::Intent { alert }: alerts::Intent) -> Result<Content, ComposeError> {
    let Alarm { subject, cause, level, share, words } =
        alerts::find(conn, alert).await?.ok_or(alerts::Error::NotFound(alert))?.alarm;
    let (campaign, provider, over) = match subject {
        Subject::Campaign { campaign, .. } => {
            let campaign = campaigns::find(conn, campaign).await?.ok_or(campaigns::Error::NotFound(campaign))?;
            let over = matches!(campaign.status, CampaignStatus::Sent | CampaignStatus::Cancelled);
            (Some(campaign.draft.name), None, over)
        }
        Subject::Provider(provider) => (None, Some(provider.to_string()), false),
    };
    let share = share.map(|share| (share.count, share.of));
    let stopped = level == Level::Pause;
    let data = system::Alert { cause: cause.as_str(), stopped, over, campaign, provider, share, words };
    Ok(Content::Alert(Box::new(data)))
}

async fn question(
    conn: &impl ConnectionTrait,
    intent: intent::OptIn,
    person: &Recipient,
    now: DateTime<Utc>,
) -> Result<Option<Content>, ComposeError> {
    let Some(request) = opt_in::open(conn, intent.opt_in, now).await? else { return Ok(None) };
    // A day that has begun still counts: a link that works until tomorrow works for one day.
    let hours = (request.expires_at - now).num_hours().max(1);
    Ok(Some(Content::Question {
        locale: intent.locale,
        // The name on file, if there is one: what was typed into the form now may be anybody's words.
        name: person.profile.name.clone(),
        opt_in: request.id,
        topics: request.topics.into_iter().map(|topic| topic.name).collect(),
        days: u32::try_from((hours + 23) / 24).unwrap_or(1),
    }))
}
