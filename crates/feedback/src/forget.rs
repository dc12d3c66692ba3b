//! Erasing a person from the returned mails.

use domain::{EmailAddress, ReturnedMailId, SubscriberId};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::{Column, Entity};
use crate::parts;

/// Mails that are looked through at a time.
const PAGE: u64 = 50;

/// Empties every kept mail that is about the person or has the address in it, however it is encoded, and says how many. In
/// the caller's transaction. That a mail came, and what it changed, stays known.
///
/// It reads every kept mail, because the ones that nobody could identify may name the person too.
pub async fn forget(
    conn: &impl ConnectionTrait,
    subscriber: Option<SubscriberId>,
    address: &EmailAddress,
) -> Result<u64, DbErr> {
    let mut emptied = 0;
    if let Some(subscriber) = subscriber {
        let theirs = Entity::find().select_only().column(Column::Id).filter(Column::SubscriberId.eq(subscriber));
        emptied += empty(conn, theirs.into_tuple().all(conn).await?).await?;
    }
    let mut after: Option<ReturnedMailId> = None;
    loop {
        let mut page = Entity::find().order_by_asc(Column::Id).limit(PAGE);
        if let Some(after) = after {
            page = page.filter(Column::Id.gt(after));
        }
        let page = page.all(conn).await?;
        let Some(last) = page.last() else { return Ok(emptied) };
        after = Some(last.id);
        let named = page.iter().filter(|mail| {
            let words = mail.words.as_deref().unwrap_or_default();
            [&mail.envelope_from, words].iter().any(|text| is_in(address, text)) || names(&mail.raw, address)
        });
        emptied += empty(conn, named.map(|mail| mail.id).collect()).await?;
    }
}

async fn empty(conn: &impl ConnectionTrait, ids: Vec<ReturnedMailId>) -> Result<u64, DbErr> {
    if ids.is_empty() {
        return Ok(0);
    }
    let emptied = Entity::update_many()
        .col_expr(Column::Raw, Expr::value(Vec::<u8>::new()))
        .col_expr(Column::EnvelopeFrom, Expr::value(""))
        // An unsubscribe address holds the subscriber's id.
        .col_expr(Column::EnvelopeTo, Expr::value(""))
        .col_expr(Column::Words, Expr::value(Option::<String>::None))
        .col_expr(Column::SubscriberId, Expr::value(Option::<SubscriberId>::None))
        .filter(Column::Id.is_in(ids))
        .exec(conn)
        .await?;
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
