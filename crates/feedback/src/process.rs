//! From a mail that came back to what it changes, in one transaction for each envelope recipient.

mod about;
mod act;
mod complaint;
mod decision;
mod leave;
mod replay;
mod report;
mod seen;
mod signed;

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use database::Database;
use database::private::{Private, PrivateBytes, Stars};
use domain::{EmailAddress, ReturnedMailId};
use links::Links;
use sea_orm::ActiveValue::{NotSet, Set, Unchanged};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveEnum, DatabaseTransaction, DbErr, EntityTrait, TryInsertResult};

use crate::entity::{ActiveModel, Column, Entity};
use crate::identify::Door;
use crate::webhook::{Event, Meaning, Once, Own, Told, tokens};
use crate::{Returned, Standing, forget, identify, parse};

use decision::Decision;
pub use replay::{Replayed, Unchanging, replay};
pub use seen::forget_reports;
pub use signed::{LookedAt, look_at_signatures, settle_signatures};

/// A mail that came back, with its envelope.
#[derive(Copy, Clone)]
pub struct Incoming<'a> {
    /// By which door it came: `listener`, `stdin`, …
    pub source: &'a str,
    /// The envelope sender; empty for reports, RFC 5321 §4.5.5.
    pub from: &'a str,
    /// The envelope recipients.
    pub to: &'a [EmailAddress],
    /// The mail.
    pub raw: &'a [u8],
}

/// Masked: what somebody wrote, and to whom, is nobody's business who reads a log.
impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("source", &self.source)
            .field("from", &Stars)
            .field("to", &self.to)
            .field("raw", &Stars)
            .finish()
    }
}

/// What was done with a returned mail for one envelope recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Processed {
    /// It is kept.
    Kept {
        /// Under this id.
        id: ReturnedMailId,
        /// What became of it.
        standing: Standing,
    },
    /// The same was here before; nothing changed.
    SeenBefore,
}

/// Why a returned mail could not be dealt with, such as that PostgreSQL ended one of two acts that waited for one another.
/// The mail has to come again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The subscriber could not be changed.
    #[error("the subscriber of a returned mail cannot be changed")]
    Subscribers(#[from] subscribers::Error),
    /// The topic that an unsubscribe address names could not be read.
    #[error("the topic of an unsubscribe mail cannot be read")]
    Topic(#[from] subscribers::topic::Error),
    /// The brands could not be read.
    #[error("the brands that a complaint may be about cannot be read")]
    Brand(#[from] brands::Error),
    /// It is another instance's to do.
    #[error(transparent)]
    Lease(#[from] database::lease::BeginError),
    /// The fact could not be written.
    #[error("the fact of a returned mail cannot be written")]
    Activity(#[from] activity::Error),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Deals with a returned mail and keeps it. When this returns, everything is committed and the mail may be acknowledged.
pub async fn process(
    db: &Database,
    links: &Links,
    incoming: Incoming<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Processed>, Error> {
    process_each(db, links, incoming, now).await.into_iter().collect()
}

/// The same, with what became of it for each envelope recipient, in their order. After a failure the rest is left out: what fails is
/// the database, for which each would wait anew.
pub(crate) async fn process_each(
    db: &Database,
    links: &Links,
    incoming: Incoming<'_>,
    now: DateTime<Utc>,
) -> Vec<Result<Processed, Error>> {
    let returned = parse(incoming.raw);
    let mut done = Vec::with_capacity(incoming.to.len());
    for to in incoming.to {
        match process_one(db, links, &incoming, to, &returned, now).await {
            Ok(decided) => {
                measure(&incoming, &returned, decided.as_ref().map(|(_, decision)| decision));
                done.push(Ok(match decided {
                    Some((id, decision)) => Processed::Kept { id, standing: decision.standing },
                    None => Processed::SeenBefore,
                }));
            }
            Err(error) => {
                done.push(Err(error));
                break;
            }
        }
    }
    done
}

/// Deals with it for one envelope recipient. Each has its own transaction, so that none holds one person and waits for
/// another; if a later one fails, the mail comes again and those before it are seen to be done. Nothing where the same was here before.
async fn process_one(
    db: &Database,
    links: &Links,
    incoming: &Incoming<'_>,
    to: &EmailAddress,
    returned: &Returned,
    now: DateTime<Utc>,
) -> Result<Option<(ReturnedMailId, Decision)>, Error> {
    let id = ReturnedMailId::new(now);
    let row = row(id, incoming, to, returned, now);
    let door = Door::of(links, to).unwrap_or(Door::Other);
    let mail = Mail { id, received_at: now, returned, raw: incoming.raw, is_answer_told: false, own: None };
    decide(db, links, row, door, &mail, None, now).await
}

/// Deals with one event of a mail service and keeps it. When this returns, everything is committed.
pub(crate) async fn event(
    db: &Database,
    links: &Links,
    told: Told<'_>,
    once: Option<&Once>,
    now: DateTime<Utc>,
) -> Result<Processed, Error> {
    let id = ReturnedMailId::new(now);
    let source = told.provider.as_str();
    let to = told.event.recipient().map(ToString::to_string).unwrap_or_default();
    // The service's own id tells the same event; without one, the same bytes are the same.
    let known = told.event.id().map_or(told.raw, str::as_bytes);
    let digest = sha256(&[b"event\n", source.as_bytes(), b"\n", known]);
    let own = told.found.and_then(|found| found.own());
    let returned = told.event.returned(told.found.map_or(Meaning::Nothing, |found| found.meaning));
    let incoming = Incoming { source, from: "", to: &[], raw: told.raw };
    let row =
        ActiveModel { digest: Set(digest), envelope_to: Set(Private(to)), ..blank(id, &incoming, &returned, now) };
    let mail = Mail { id, received_at: now, returned: &returned, raw: told.raw, is_answer_told: false, own };
    let decided = decide(db, links, row, Door::Other, &mail, once, now).await?;
    measure(&incoming, &returned, decided.as_ref().map(|(_, decision)| decision));
    Ok(match decided {
        Some((id, decision)) => Processed::Kept { id, standing: decision.standing },
        None => Processed::SeenBefore,
    })
}

/// Whether an event is about a message of which nobody knows whether it has gone.
pub(crate) async fn is_in_doubt(db: &Database, links: &Links, event: &Event) -> Result<bool, Error> {
    let Some(key) = identify::delivery(links, Door::Other, event.traces()) else { return Ok(false) };
    let delivery = outbox::find(db.reader(), key).await?;
    Ok(delivery.is_some_and(|delivery| delivery.state == outbox::State::InDoubt))
}

/// Keeps it and does what it asks for, in one transaction. Nothing where the same was here before.
async fn decide(
    db: &Database,
    links: &Links,
    row: ActiveModel,
    door: Door,
    mail: &Mail<'_>,
    once: Option<&Once>,
    now: DateTime<Utc>,
) -> Result<Option<(ReturnedMailId, Decision)>, Error> {
    let txn = db.begin().await?;
    if let Some(once) = once
        && !tokens::is_news(&txn, once, now).await?
    {
        txn.rollback().await?;
        return Ok(None);
    }
    if !keep(&txn, row).await? {
        txn.rollback().await?;
        return Ok(None);
    }
    let Some(decision) = act::act(&txn, links, door, mail, now).await? else {
        // The same report in other words, such as through a second mail server: nothing of it is kept.
        txn.rollback().await?;
        return Ok(None);
    };
    write(&txn, mail.id, &decision).await?;
    txn.commit().await?;
    decision.tell();
    Ok(Some((mail.id, decision)))
}

/// Counts it, by door, kind, class and what became of it.
fn measure(incoming: &Incoming<'_>, returned: &Returned, decision: Option<&Decision>) {
    let standing = decision.map_or_else(|| "seen_before".to_owned(), |decision| decision.standing.to_value());
    let verdict = decision.and_then(|decision| decision.verdict.as_ref());
    let labels = [
        ("source", incoming.source.to_owned()),
        ("kind", returned.kind.as_str().to_owned()),
        ("class", verdict.map_or("none", |verdict| verdict.class.as_str()).to_owned()),
        ("standing", standing),
    ];
    metrics::counter!("eshot_returned_mail_total", &labels).increment(1);
}

/// A mail that is kept, while it is decided on.
struct Mail<'a> {
    id: ReturnedMailId,
    /// Before now, where it is dealt with once more.
    received_at: DateTime<Utc>,
    returned: &'a Returned,
    raw: &'a [u8],
    /// Whether the fact is there already that a program has answered.
    is_answer_told: bool,
    /// What the mail service that tells it says itself.
    own: Option<Own>,
}

impl Mail<'_> {
    /// By what the same report is known when it comes once more.
    fn report_id(&self) -> &[u8] {
        self.returned.report_id.as_deref().map_or(self.raw, str::as_bytes)
    }
}

/// Keeps the mail first: a second one that is equal waits here for this one's commit, and then sees it.
async fn keep(txn: &DatabaseTransaction, row: ActiveModel) -> Result<bool, DbErr> {
    let insert = Entity::insert(row).on_conflict(OnConflict::column(Column::Digest).do_nothing().to_owned());
    Ok(matches!(insert.try_insert().exec_without_returning(txn).await?, TryInsertResult::Inserted(1)))
}

/// A mail as it is kept before anything is done with it.
fn row(
    id: ReturnedMailId,
    incoming: &Incoming<'_>,
    to: &EmailAddress,
    returned: &Returned,
    now: DateTime<Utc>,
) -> ActiveModel {
    ActiveModel {
        digest: Set(sha256(&[to.as_str().as_bytes(), b"\n", incoming.raw])),
        envelope_to: Set(Private(to.to_string())),
        ..blank(id, incoming, returned, now)
    }
}

/// The same without whom it is to, and by what it is known.
fn blank(id: ReturnedMailId, incoming: &Incoming<'_>, returned: &Returned, now: DateTime<Utc>) -> ActiveModel {
    ActiveModel {
        id: Set(id),
        received_at: Set(now),
        digest: NotSet,
        source: Set(incoming.source.to_owned()),
        // PostgreSQL keeps no NUL in a text, and no address has one.
        envelope_from: Set(Private(incoming.from.replace(char::is_control, ""))),
        envelope_to: NotSet,
        raw: Set(PrivateBytes(incoming.raw.to_owned())),
        kind: Set(returned.kind.as_str().to_owned()),
        standing: Set(Standing::NotUnderstood),
        subscriber_id: NotSet,
        mailing_no: NotSet,
        ordinal: NotSet,
        class: NotSet,
        rule: NotSet,
        words: NotSet,
        effect: NotSet,
        released_at: NotSet,
        released_by: NotSet,
        released_why: NotSet,
        acknowledged_at: NotSet,
        acknowledged_by: NotSet,
        signature_look_at: NotSet,
    }
}

async fn write(txn: &DatabaseTransaction, id: ReturnedMailId, decision: &Decision) -> Result<(), DbErr> {
    let emptied = if decision.forgets { forget::emptied() } else { ActiveModel::default() };
    let row = ActiveModel {
        id: Unchanged(id),
        standing: Set(decision.standing),
        subscriber_id: Set(decision.subscriber),
        mailing_no: Set(decision.delivery.map(|key| key.mailing)),
        ordinal: Set(decision.delivery.map(|key| key.ordinal)),
        class: Set(decision.verdict.as_ref().map(|verdict| verdict.class.to_string())),
        rule: Set(Some(decision.rule().to_owned())),
        words: Set(decision.words().map(|words| Private(words.to_owned()))),
        effect: Set(decision.effect),
        signature_look_at: Set(decision.look_at),
        ..emptied
    };
    Entity::update(row).exec(txn).await.map(drop)
}

pub(crate) fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest(&SHA256, &parts.concat()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_returned_mail_for_debugging_is_masked() {
        let to = ["ada@example.com".parse().unwrap()];
        let incoming = Incoming { source: "test", from: "ada@example.com", to: &to, raw: b"I am Ada" };
        let returned = parse(b"Subject: Ada\r\nMessage-ID: <ada@example.com>\r\n\r\nI am Ada\r\n");
        let now = DateTime::UNIX_EPOCH;
        let row = row(ReturnedMailId::new(now), &incoming, &to[0], &returned, now);
        let written = ActiveModel { words: Set(Some(Private("Ada is unknown".to_owned()))), ..row.clone() };
        let raw = format!("{:?}", b"Ada").replace(['[', ']'], "");
        for shown in [format!("{incoming:?}"), format!("{row:?}"), format!("{written:?}"), format!("{returned:?}")] {
            for told in ["Ada", "ada@", &raw] {
                assert!(!shown.contains(told), "{told}: {shown}");
            }
        }
    }
}
