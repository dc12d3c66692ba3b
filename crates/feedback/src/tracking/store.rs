use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use database::{Cell, Column, Database, sql};
use domain::{DeliveryKey, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};

use super::judge::Waiting;
use super::{Deed, Hit, Whose};

/// How many hits are judged in one transaction.
pub(super) const CHUNK: u32 = 1_000;

/// The number under which it stands that somebody followed any link at all.
pub(super) const ANY_LINK: i32 = -2;

/// How many hits a transaction takes: nobody else waits for long (SQLite has one writer), and eight parameters each are well below its
/// 32,766.
const AT_ONCE: usize = 2_048;

/// Writes hits down, in their order. What is not written yet when it fails is given back with the failure.
pub async fn write(db: &Database, hits: Vec<Hit>) -> Result<(), (Vec<Hit>, DbErr)> {
    let mut rest = hits.as_slice();
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.len().min(AT_ONCE));
        let (sql, values) = insert(db.backend(), now);
        if let Err(error) = db.writer().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await {
            return Err((rest.to_vec(), error));
        }
        rest = later;
    }
    Ok(())
}

fn insert(backend: DbBackend, hits: &[Hit]) -> (String, Vec<sea_orm::Value>) {
    const HIT: &[Column; 8] = &[
        ("at", "timestamptz"),
        ("brand_id", "uuid"),
        ("mailing_no", "bigint"),
        ("ordinal", "bigint"),
        ("link", "integer"),
        ("links", "integer"),
        ("network", "text"),
        ("suspect", "text"),
    ];
    let table = database::table(backend, 0, HIT, hits.iter().map(row).collect());
    let sql = format!(
        "INSERT INTO hits (at, brand_id, mailing_no, ordinal, link, links, network, suspect) \
         SELECT at, brand_id, mailing_no, ordinal, link, links, network, suspect FROM {}",
        table.sql
    );
    (sql, table.values)
}

fn row(hit: &Hit) -> [Cell; 8] {
    let ordinal = match hit.whose {
        Whose::Delivery(key) => Some(key.ordinal.0),
        Whose::Mailing(_) => None,
    };
    let link = match hit.deed {
        Deed::Opened => None,
        Deed::Clicked(link) => Some(i64::from(link)),
    };
    [
        hit.at.into(),
        hit.brand.uuid().into(),
        hit.whose.mailing().0.into(),
        ordinal.into(),
        link.into(),
        i64::from(hit.links).into(),
        hit.network.map(|network| network.to_string()).into(),
        hit.suspect.map(str::to_owned).into(),
    ]
}

/// What waits to be judged and came before that, `limit` at most.
pub(super) async fn waiting(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<Waiting>, DbErr> {
    let sql = "SELECT id, at, brand_id, mailing_no, ordinal, link, links, suspect FROM hits \
               WHERE judged_at IS NULL AND at <= $1 ORDER BY id LIMIT $2";
    sql::all(conn, sql, [before.into(), i64::from(limit).into()]).await
}

const KEY: &[Column; 2] = &[("mailing", "bigint"), ("place", "bigint")];

fn keys(backend: DbBackend, others: usize, keys: &[DeliveryKey]) -> database::Table {
    let rows = keys.iter().map(|key| [key.mailing.0.into(), key.ordinal.0.into()]).collect();
    database::table(backend, others, KEY, rows)
}

/// Forgets what was opened and clicked in these mails, and says how much it was. The sums stay.
pub async fn forget(conn: &impl ConnectionTrait, of: &[DeliveryKey]) -> Result<u64, DbErr> {
    let mut gone = 0;
    for of in of.chunks(AT_ONCE) {
        let table = keys(conn.get_database_backend(), 0, of);
        let sql = format!(
            "DELETE FROM hits WHERE id IN (SELECT h.id FROM {} JOIN hits h ON h.mailing_no = v.mailing AND h.ordinal = v.place)",
            table.sql
        );
        gone += sql::execute(conn, &sql, table.values).await?;
    }
    Ok(gone)
}

/// What people have done in these mails before, as far as it is still known: followed this link, any link, opened it.
pub(super) async fn seen(
    conn: &impl ConnectionTrait,
    of: &[DeliveryKey],
) -> Result<HashSet<(DeliveryKey, Option<i32>)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        mailing_no: MailingNo,
        ordinal: Ordinal,
        link: Option<i32>,
    }
    if of.is_empty() {
        return Ok(HashSet::new());
    }
    let table = keys(conn.get_database_backend(), 0, of);
    let sql = format!(
        "SELECT DISTINCT h.mailing_no, h.ordinal, h.link FROM {} JOIN hits h ON h.mailing_no = v.mailing AND h.ordinal = v.place \
         WHERE h.judged_at IS NOT NULL AND h.machine IS NULL",
        table.sql
    );
    let rows: Vec<Row> = sql::all(conn, &sql, table.values).await?;
    let seen = rows.into_iter().flat_map(|row| {
        let key = DeliveryKey::new(row.mailing_no, row.ordinal);
        [Some((key, row.link)), row.link.map(|_| (key, Some(ANY_LINK)))]
    });
    Ok(seen.flatten().collect())
}

/// When which links of these mails were followed, from so long before the first of these hits on until so long after the last.
pub(super) async fn clicks(
    conn: &impl ConnectionTrait,
    of: &[DeliveryKey],
    waiting: &[Waiting],
    around: TimeDelta,
) -> Result<HashMap<DeliveryKey, Vec<(DateTime<Utc>, i32)>>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        mailing_no: MailingNo,
        ordinal: Ordinal,
        at: DateTime<Utc>,
        link: i32,
    }
    let times = waiting.iter().map(|hit| hit.at);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { return Ok(HashMap::new()) };
    if of.is_empty() {
        return Ok(HashMap::new());
    }
    let table = keys(conn.get_database_backend(), 2, of);
    let sql = format!(
        "SELECT h.mailing_no, h.ordinal, h.at, h.link FROM {} JOIN hits h ON h.mailing_no = v.mailing AND h.ordinal = v.place \
         WHERE h.link IS NOT NULL AND h.at >= $1 AND h.at <= $2",
        table.sql
    );
    let values = [Value::from(first - around), Value::from(last + around)].into_iter().chain(table.values);
    let mut clicks: HashMap<_, Vec<_>> = HashMap::new();
    for row in sql::all::<Row>(conn, &sql, values).await? {
        clicks.entry(DeliveryKey::new(row.mailing_no, row.ordinal)).or_default().push((row.at, row.link));
    }
    Ok(clicks)
}

/// What becomes of a hit.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    id: i64,
    machine: Option<String>,
    /// It says no longer whose it was.
    anonymous: bool,
    /// It is nobody's business.
    gone: bool,
}

impl Verdict {
    pub(super) const fn of(id: i64, machine: Option<String>) -> Self {
        Self { id, machine, anonymous: false, gone: false }
    }

    pub(super) const fn anonymous(id: i64, machine: Option<String>) -> Self {
        Self { id, machine, anonymous: true, gone: false }
    }

    pub(super) const fn gone(id: i64) -> Self {
        Self { id, machine: None, anonymous: true, gone: true }
    }
}

/// Writes down what hits were judged to be, and removes those that nobody may keep.
pub(super) async fn settle(conn: &impl ConnectionTrait, verdicts: &[Verdict], now: DateTime<Utc>) -> Result<(), DbErr> {
    const VERDICT: &[Column; 3] = &[("id", "bigint"), ("machine", "text"), ("anonymous", "bigint")];
    let (gone, kept): (Vec<&Verdict>, Vec<&Verdict>) = verdicts.iter().partition(|verdict| verdict.gone);
    let backend = conn.get_database_backend();
    if !kept.is_empty() {
        let rows = kept
            .iter()
            .map(|verdict| [verdict.id.into(), verdict.machine.clone().into(), i64::from(verdict.anonymous).into()])
            .collect();
        let table = database::table(backend, 1, VERDICT, rows);
        let sql = format!(
            "UPDATE hits SET judged_at = $1, machine = v.machine, ordinal = CASE WHEN v.anonymous = 0 THEN ordinal END \
             FROM {} WHERE hits.id = v.id",
            table.sql
        );
        sql::execute(conn, &sql, [Value::from(now)].into_iter().chain(table.values)).await?;
    }
    if !gone.is_empty() {
        const ID: &[Column; 1] = &[("id", "bigint")];
        let table = database::table(backend, 0, ID, gone.iter().map(|verdict| [verdict.id.into()]).collect());
        let sql = format!("DELETE FROM hits WHERE id IN (SELECT id FROM {})", table.sql);
        sql::execute(conn, &sql, table.values).await?;
    }
    Ok(())
}
