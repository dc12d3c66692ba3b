use std::collections::BTreeSet;

use activity::{Fact, Kind};
use brands::Brand;
use chrono::{DateTime, Utc};
use database::sql;
use domain::{AlertId, MailKind};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Alarm, Alert, Error, Subject};

/// What the mail to staff is made of when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The alert that it tells of.
    pub alert: AlertId,
}

/// Raises an alert in the caller's transaction, unless one for this cause lasts already: then nothing happens, and nothing is
/// returned.
///
/// A new one is a row, a mail to each of the brands concerned that says where alerts go, and a fact of each of them, by which
/// other programs can be told.
pub async fn raise(conn: &impl ConnectionTrait, alarm: Alarm, now: DateTime<Utc>) -> Result<Option<Alert>, Error> {
    let id = AlertId::new(now);
    if !insert(conn, id, &alarm, now).await? {
        return Ok(None);
    }
    let mut told = BTreeSet::new();
    for brand in concerned(conn, &alarm.subject).await? {
        activity::record(conn, &fact(id, &alarm, &brand, now)).await?;
        let Some(address) = brand.alerts_address.filter(|address| told.insert(address.to_string())) else { continue };
        let stream = outbox::mailing::stream(conn, brand.id, MailKind::Alert, now).await?;
        let lane = dns::provider_of(address.domain());
        let data = json!(Intent { alert: id });
        let intent = outbox::enqueue::Intent { subscriber: None, recipient: Some(address), lane, data };
        outbox::enqueue::one(conn, stream, intent).await?;
    }
    Ok(Some(Alert { id, alarm, since: now, ended_at: None, acknowledged_at: None, acknowledged_by: None }))
}

async fn insert(conn: &impl ConnectionTrait, id: AlertId, alarm: &Alarm, now: DateTime<Utc>) -> Result<bool, Error> {
    let (brand, campaign, provider) = match &alarm.subject {
        Subject::Campaign { brand, campaign } => (Some(*brand), Some(*campaign), None),
        Subject::Provider(provider) => (None, None, Some(provider.clone())),
    };
    // Of two instances that notice the same the second finds the row of the first, and tells nobody.
    let sql = "INSERT INTO alerts (id, subject, cause, level, brand_id, campaign_id, provider, failed, attempts, words, since) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT (subject, cause, level) WHERE ended_at IS NULL DO NOTHING";
    let values = [
        id.into(),
        alarm.subject.to_string().into(),
        alarm.cause.into(),
        alarm.level.into(),
        brand.into(),
        campaign.into(),
        provider.into(),
        alarm.share.map(|share| i64::from(share.count)).into(),
        alarm.share.map(|share| i64::from(share.of)).into(),
        alarm.words.as_str().into(),
        now.into(),
    ];
    Ok(sql::execute(conn, sql, values).await? == 1)
}

/// The brands whose staff is told.
async fn concerned(conn: &impl ConnectionTrait, subject: &Subject) -> Result<Vec<Brand>, Error> {
    Ok(match subject {
        Subject::Campaign { brand, .. } => brands::find(conn, *brand).await?.into_iter().collect(),
        Subject::Provider(_) => brands::list(conn).await?,
    })
}

fn fact(id: AlertId, alarm: &Alarm, brand: &Brand, now: DateTime<Utc>) -> Fact {
    let mut detail = json!({ "alert": id, "cause": alarm.cause, "level": alarm.level });
    match &alarm.subject {
        Subject::Campaign { campaign, .. } => detail["campaign"] = json!(campaign),
        Subject::Provider(provider) => detail["provider"] = json!(provider),
    }
    if let Some(share) = alarm.share {
        detail["count"] = share.count.into();
        detail["of"] = share.of.into();
    }
    Fact::new(Kind::Alerted, brand.id, now).with(detail)
}
