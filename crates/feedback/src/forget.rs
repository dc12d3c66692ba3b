//! Erasing a person from the returned mails.

use database::Database;
use database::private::{Private, PrivateBytes};
use domain::{EmailAddress, ReturnedMailId, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::{ActiveModel, Column, Entity};
use crate::{parts, tracking};

/// Mails that are looked through at a time.
const PAGE: u64 = 50;

/// Empties every kept mail that is about the person or has the address in it, however it is encoded, and says how many.
/// That a mail came, and what it changed, stays known. What they opened and clicked goes; the sums stay.
///
/// It reads every kept mail, because those that nobody could identify may name the person too; a page at a time, so that
/// it keeps nobody waiting. Call it before the person is erased: while the address is known, a failure can be made good by
/// calling it again. What comes back later about somebody who was erased is kept without its text from the beginning.
pub async fn forget(db: &Database, subscriber: Option<SubscriberId>, address: &EmailAddress) -> Result<u64, DbErr> {
    let mut emptied = 0;
    if let Some(subscriber) = subscriber {
        tracking::forget(db.writer(), &outbox::keys_of(db.reader(), subscriber).await?).await?;
        emptied += forget_known(db.writer(), subscriber).await?;
    }
    let mut after: Option<ReturnedMailId> = None;
    loop {
        let mut page = Entity::find().order_by_asc(Column::Id).limit(PAGE);
        if let Some(after) = after {
            page = page.filter(Column::Id.gt(after));
        }
        let page = page.all(db.reader()).await?;
        let Some(last) = page.last() else { return Ok(emptied) };
        after = Some(last.id);
        let named = page.iter().filter(|mail| {
            let words = mail.words.as_ref().map_or("", |words| words.0.as_str());
            let why = mail.released_why.as_ref().map_or("", |why| why.0.as_str());
            [&mail.envelope_from.0, words, why].iter().any(|text| is_in(address, text)) || names(&mail.raw.0, address)
        });
        emptied += empty(db, named.map(|mail| mail.id).collect()).await?;
    }
}

/// Empties the kept mails that are known to be about the person, and says how many. What only names them is not looked for:
/// every mail is dropped some day.
pub async fn forget_known(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<u64, DbErr> {
    let theirs = Entity::update_many().set(emptied()).filter(Column::SubscriberId.eq(subscriber));
    Ok(theirs.exec(conn).await?.rows_affected)
}

/// What of a mail could tell who it was about, with nothing in it. An unsubscribe address holds the subscriber's id.
pub(crate) fn emptied() -> ActiveModel {
    ActiveModel {
        raw: Set(PrivateBytes(Vec::new())),
        envelope_from: Set(Private(String::new())),
        envelope_to: Set(Private(String::new())),
        words: Set(None),
        released_why: Set(None),
        subscriber_id: Set(None),
        ..ActiveModel::default()
    }
}

async fn empty(db: &Database, ids: Vec<ReturnedMailId>) -> Result<u64, DbErr> {
    if ids.is_empty() {
        return Ok(0);
    }
    let emptied = Entity::update_many().set(emptied()).filter(Column::Id.is_in(ids)).exec(db.writer()).await?;
    Ok(emptied.rows_affected)
}

/// Whether a mail holds the address: in its bytes, or behind a transfer encoding.
fn names(raw: &[u8], address: &EmailAddress) -> bool {
    is_in(address, &String::from_utf8_lossy(raw)) || parts::texts(raw).iter().any(|text| is_in(address, text))
}

/// As it is, in xtext (RFC 3461 §4), in quoted-printable, and as other people's return paths write it.
fn is_in(address: &EmailAddress, text: &str) -> bool {
    // Folding may break an address in two.
    let text: String = text.to_lowercase().replace("=\r\n", "").replace("=\n", "");
    let (local, domain) = (address.local_part(), address.domain());
    let xtext = |text: &str| text.replace('+', "+2b").replace('=', "+3d");
    let quoted = |text: &str| text.replace('=', "=3d");
    [
        address.to_string(),
        format!("{}@{domain}", xtext(local)),
        format!("{}@{domain}", quoted(local)),
        format!("{local}=40{domain}"),
        format!("{local}={domain}"),
        format!("{local}%40{domain}"),
    ]
    .iter()
    .any(|dress| text.contains(dress.as_str()))
}
