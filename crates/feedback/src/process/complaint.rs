//! A mailbox provider passes on that a recipient has had enough.

use activity::{Fact, Kind as Happened};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, SubscriberId};
use links::Links;
use outbox::fact;
use sea_orm::{DatabaseTransaction, DbErr};
use serde_json::json;
use subscribers::suppression::{Reason, active_for_subscriber};
use subscribers::{record_complaint, topic};

use super::about::About;
use super::decision::Decision;
use super::seen::is_news;
use super::{Error, sha256};
use crate::identify;
use crate::{FeedbackReport, Returned, Standing};

/// Ends the brand's mail to whoever complained, if a token of ours says who. Nothing where the same report was here before.
pub(super) async fn complained(
    txn: &DatabaseTransaction,
    links: &Links,
    about: About,
    report: &FeedbackReport,
    returned: &Returned,
    raw: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Decision>, Error> {
    if !report.kind.is_complaint() {
        return Ok(Some(about.note(Standing::Noted, report.kind.as_str())));
    }
    let (subscriber, brand) = match complainant(txn, links, &about, returned).await? {
        Ok(found) => found,
        Err((standing, why)) => return Ok(Some(about.note(standing, why))),
    };
    subscribers::hold(txn, subscriber).await?;
    let is_new = match about.key {
        Some(key) => {
            let digest = sha256(&[b"complained\n", returned.report_id.as_deref().map_or(raw, str::as_bytes)]);
            if !is_news(txn, key, &digest, now).await? {
                return Ok(None);
            }
            fact::complained(txn, key, now).await?
        }
        None => !has_complained(txn, subscriber, brand).await?,
    };
    record_complaint(txn, subscriber, brand, &Actor::rule("complaint"), now).await?;
    if is_new {
        let happened = Fact::new(Happened::Complained, brand, now).about(subscriber).of(about.key);
        activity::record(txn, &happened.with(json!({ "type": report.kind.as_str() }))).await?;
    }
    Ok(Some(Decision { subscriber: Some(subscriber), ..about.note(Standing::Acted, report.kind.as_str()) }))
}

/// Who complained, and about which brand; or why nobody is believed to have.
async fn complainant(
    txn: &DatabaseTransaction,
    links: &Links,
    about: &About,
    returned: &Returned,
) -> Result<Result<(SubscriberId, BrandId), (Standing, &'static str)>, Error> {
    if let (Some(subscriber), Some(brand)) = (about.subscriber(), about.brand) {
        return Ok(Ok((subscriber, brand)));
    }
    let Some(person) = identify::person(links, &returned.traces) else {
        return Ok(Err(match about.key {
            Some(_) => (Standing::Noted, "a complaint of nobody on file"),
            None => (Standing::Refused, "a complaint without a token of ours"),
        }));
    };
    if person.subscriber == SubscriberId::NOBODY {
        return Ok(Err((Standing::Noted, "a complaint about a test mail")));
    }
    let topic = topic::find_by_no(txn, person.topic).await?;
    Ok(topic.map(|topic| (person.subscriber, topic.brand)).ok_or((Standing::Noted, "a complaint about no topic")))
}

async fn has_complained(txn: &DatabaseTransaction, subscriber: SubscriberId, brand: BrandId) -> Result<bool, DbErr> {
    let standing = active_for_subscriber(txn, subscriber).await?;
    Ok(standing.iter().any(|entry| entry.reason == Reason::Complaint && entry.brand == Some(brand)))
}
