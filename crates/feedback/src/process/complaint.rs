//! A mailbox provider passes on that a recipient has had enough.

use activity::{Fact, Kind as Happened};
use chrono::{DateTime, Utc};
use domain::Actor;
use links::Links;
use outbox::fact;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use subscribers::opt_out::What;
use subscribers::record_complaint;
use subscribers::suppression::Origin;

use super::about::About;
use super::decision::Decision;
use super::seen::is_news;
use super::{Error, Mail, leave, sha256};
use crate::identify;
use crate::{Effect, FeedbackReport, Returned, Standing};

/// Why a complaint that may be anybody's acts on nobody.
pub(super) const UNPROVED: &str = "a complaint without a token of ours or a signature of its provider";

/// Ends the brand's mail to whoever complained, if the token of a message of ours says who. Nothing where the same report was
/// here before.
pub(super) async fn complained(
    txn: &DatabaseTransaction,
    links: &Links,
    about: About,
    report: &FeedbackReport,
    mail: &Mail<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Decision>, Error> {
    if !report.kind.is_complaint() {
        return Ok(Some(about.note(Standing::Noted, report.kind.as_str())));
    }
    let (Some(key), Some(subscriber), Some(brand)) = (about.key, about.subscriber(), about.brand) else {
        return by_link(txn, links, &about, mail.returned, now).await.map(Some);
    };
    let digest = sha256(&[b"complained\n", mail.report_id()]);
    if !is_news(txn, key, &digest, now).await? {
        return Ok(None);
    }
    // Nobody complains twice about one message. Staff may have released the person since, and a provider that tells it once more must
    // not bring the suppression back.
    if about.delivery.as_ref().is_some_and(|delivery| delivery.complained_at.is_some()) {
        return Ok(Some(about.note(Standing::Noted, "a complaint that is known already")));
    }
    let is_new = fact::complained(txn, key, now).await?;
    let origin = Origin::new(key, mail.id);
    let effect = record_complaint(txn, subscriber, brand, &Actor::rule("complaint"), origin, now).await?;
    if is_new {
        let happened = Fact::new(Happened::Complained, brand, now).about(subscriber).of(key);
        activity::record(txn, &happened.with(json!({ "type": report.kind.as_str() }))).await?;
    }
    Ok(Some(Decision { effect: Effect::on_person(effect), ..about.note(Standing::Acted, report.kind.as_str()) }))
}

/// Providers may black out all of a message but its unsubscribe link. That link stands in the footer and goes with every mail
/// that is forwarded, so anybody may have written such a report: it does what the link does, and is no complaint.
async fn by_link(
    txn: &DatabaseTransaction,
    links: &Links,
    about: &About,
    returned: &Returned,
    now: DateTime<Utc>,
) -> Result<Decision, Error> {
    let Some(person) = identify::person(links, &returned.traces) else {
        return Ok(match about.key {
            Some(_) => about.note(Standing::Noted, "a complaint of nobody on file"),
            // Its provider may have signed it.
            None => Decision { look_at: Some(now), ..about.note(Standing::ToLookAt, UNPROVED) },
        });
    };
    let decision = leave::by_link(txn, person, |topic| What::Brand(topic.brand), now).await?;
    Ok(Decision { delivery: about.key, forgets: decision.forgets || about.is_of_nobody(), ..decision })
}
