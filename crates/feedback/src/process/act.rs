use activity::{Fact, Kind as Happened};
use chrono::{DateTime, Utc};
use links::Links;
use sea_orm::DatabaseTransaction;
use subscribers::opt_out::What;

use super::about::About;
use super::decision::Decision;
use super::{Error, complaint, leave, report};
use crate::identify::{self, Door};
use crate::{Kind, Returned, Standing};

/// Does what the mail asks for; nothing where the same report was here before.
pub(super) async fn act(
    txn: &DatabaseTransaction,
    links: &Links,
    door: Door,
    returned: &Returned,
    raw: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Decision>, Error> {
    let about = About::find(txn, identify::delivery(links, door, &returned.traces)).await?;
    match (&returned.kind, door) {
        (Kind::Feedback(report), _) => complaint::complained(txn, links, about, report, returned, raw, now).await,
        (Kind::Delivery(report), _) => report::reported(txn, about, report, returned, raw, now).await,
        // A program that answers has no will of its own.
        (Kind::AutoReply(_), _) => answered(txn, about, now).await.map(Some),
        (Kind::Unsubscribe | Kind::Unknown, Door::Unsubscribe(person)) => {
            leave::by_link(txn, person, |topic| What::Topic(topic.id), now).await.map(Some)
        }
        (Kind::Unsubscribe, _) => leave::brand(txn, about, now).await.map(Some),
        (Kind::Unknown, _) => Ok(Some(about.note(Standing::NotUnderstood, "not understood"))),
    }
}

async fn answered(txn: &DatabaseTransaction, about: About, now: DateTime<Utc>) -> Result<Decision, Error> {
    if let (Some(key), Some(brand), Some(_)) = (about.key, about.brand, &about.delivery) {
        let happened = Fact::new(Happened::AutoAnswered, brand, now).about(about.subscriber()).of(key);
        activity::record(txn, &happened).await?;
    }
    Ok(about.note(Standing::Noted, "auto-reply"))
}
