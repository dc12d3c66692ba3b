use activity::{Fact, Kind as Happened};
use chrono::{DateTime, Utc};
use links::Links;
use sea_orm::DatabaseTransaction;
use subscribers::opt_out::What;

use super::about::About;
use super::decision::Decision;
use super::{Error, Mail, complaint, leave, report};
use crate::identify::{self, Door};
use crate::{Kind, Standing};

/// Does what the mail asks for; nothing where the same report was here before.
pub(super) async fn act(
    txn: &DatabaseTransaction,
    links: &Links,
    door: Door,
    mail: &Mail<'_>,
    now: DateTime<Utc>,
) -> Result<Option<Decision>, Error> {
    let returned = mail.returned;
    let about = About::find(txn, identify::delivery(links, door, &returned.traces)).await?;
    match (&returned.kind, door) {
        (Kind::Feedback(report), _) => complaint::complained(txn, links, about, report, mail, now).await,
        (Kind::Delivery(report), _) => report::reported(txn, about, report, mail, now).await,
        // A program that answers has no will of its own.
        (Kind::AutoReply(_), _) => answered(txn, about, mail, now).await.map(Some),
        // Opened or deleted: nobody asked, and it is no proof of either.
        (Kind::Receipt(_), _) => Ok(Some(about.note(Standing::Noted, "disposition notification"))),
        (Kind::Unsubscribe | Kind::Unknown, Door::Unsubscribe(person)) => {
            leave::by_link(txn, person, |topic| What::Topic(topic.id), now).await.map(Some)
        }
        (Kind::Unsubscribe, _) => leave::brand(txn, about, now).await.map(Some),
        (Kind::Unknown, _) => Ok(Some(about.note(Standing::NotUnderstood, "not understood"))),
    }
}

/// Of who is away there is nothing to do. Of who is not there any more a person is told, who may ask or look: it is no proof.
async fn answered(
    txn: &DatabaseTransaction,
    about: About,
    mail: &Mail<'_>,
    now: DateTime<Utc>,
) -> Result<Decision, Error> {
    if let (Some(key), Some(brand), Some(_), false) = (about.key, about.brand, &about.delivery, mail.is_answer_told) {
        let happened = Fact::new(Happened::AutoAnswered, brand, now).about(about.subscriber()).of(key);
        activity::record(txn, &happened).await?;
    }
    Ok(match mail.returned.moved.as_deref() {
        Some(words) => Decision {
            said: Some(words.to_owned()),
            ..about.note(Standing::ToLookAt, "auto-reply: has left, or has another address")
        },
        None => about.note(Standing::Noted, "auto-reply"),
    })
}
