use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, CampaignId, DeliveryKey, EmailAddress, MailKind};
use outbox::enqueue::Intent;
use serde_json::json;

use crate::{CampaignEvent, Error, event, letter, store};

/// Sends the campaign, as it is now, to any address, so that somebody can look at it in a mailbox.
///
/// Its links name nobody: they work, and change nothing. It goes out on the brand's stream of test mails and counts in no
/// report.
pub async fn test_mail(
    db: &Database,
    id: CampaignId,
    to: EmailAddress,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<DeliveryKey, Error> {
    // It is compiled again when it is sent: this is to tell whoever asks, and binds nobody.
    letter::prove(db.reader(), &store::expect(db.reader(), id, None).await?.draft).await?;
    let txn = db.begin().await?;
    let campaign = store::expect(&txn, id, None).await?;
    store::mailing(&txn, &campaign, now).await?;
    let stream = outbox::mailing::stream(&txn, campaign.draft.brand, MailKind::Test, now).await?;
    let lane = dns::provider_of(to.domain());
    let intent = Intent { subscriber: None, recipient: Some(to), lane, data: json!({ "campaign": id }) };
    let key = outbox::enqueue::one(&txn, stream, intent).await?;
    // A test changes nothing about the campaign, so its version stays and nobody's edit is in conflict with it.
    event::append(&txn, id, CampaignEvent::Test, (campaign.status, campaign.status), None, actor, now).await?;
    txn.commit().await?;
    Ok(key)
}
