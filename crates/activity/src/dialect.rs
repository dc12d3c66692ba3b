//! The SQL that SQLite and PostgreSQL spell differently.

use sea_orm::DbBackend;

/// PostgreSQL's facts behind a cursor `($1, $2)`. xmin is the oldest transaction still open: whatever is older has committed, or never
/// will.
macro_rules! postgres {
    ($which:literal) => {
        concat!(
            "SELECT CAST(CAST(written_by AS text) AS bigint) AS written_by, id, at, kind, brand_id, subscriber_id, \
                    mailing_no, ordinal, detail \
             FROM facts \
             WHERE (written_by, id) > (CAST(CAST($1::bigint AS text) AS xid8), $2) \
               AND written_by < pg_snapshot_xmin(pg_current_snapshot())",
            $which,
            " ORDER BY facts.written_by, id LIMIT $3"
        )
    };
}

/// Facts behind a cursor `($1, $2)` that no open transaction can still put anything in front of, `$3` at most.
pub(crate) const fn behind(backend: DbBackend) -> &'static str {
    match backend {
        // One writer: ids are committed in their order.
        DbBackend::Sqlite => {
            "SELECT written_by, id, at, kind, brand_id, subscriber_id, mailing_no, ordinal, detail FROM facts \
             WHERE (written_by, id) > ($1, $2) ORDER BY written_by, id LIMIT $3"
        }
        _ => postgres!(""),
    }
}

/// The last fact that no open transaction can still put anything in front of.
pub(crate) const fn last(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => "SELECT written_by, id FROM facts ORDER BY written_by DESC, id DESC LIMIT 1",
        _ => {
            "SELECT CAST(CAST(written_by AS text) AS bigint) AS written_by, id FROM facts \
             WHERE written_by < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY facts.written_by DESC, id DESC LIMIT 1"
        }
    }
}

/// The same as [`behind`] of the facts that tell of something that went wrong, which have an index of their own. SQLite, which keeps
/// no statistics, would take the index of all facts.
pub(crate) const fn failures_behind(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => {
            "SELECT written_by, id, at, kind, brand_id, subscriber_id, mailing_no, ordinal, detail \
             FROM facts INDEXED BY facts_failures \
             WHERE kind IN ('failed', 'bounced', 'complained') AND (written_by, id) > ($1, $2) \
             ORDER BY written_by, id LIMIT $3"
        }
        _ => postgres!(" AND kind IN ('failed', 'bounced', 'complained')"),
    }
}

/// Whether anything here was numbered by another server: no transaction that this one can see has such a number.
pub(crate) const ARE_FOREIGN: &str = "\
    SELECT EXISTS (SELECT 1 FROM facts WHERE written_by >= pg_snapshot_xmax(pg_current_snapshot())) \
        OR EXISTS (SELECT 1 FROM fact_cursors \
                   WHERE CAST(CAST(written_by AS text) AS xid8) >= pg_snapshot_xmax(pg_current_snapshot()))";

/// Lets nobody else at facts and cursors.
pub(crate) const ALONE: &str = "LOCK TABLE facts, fact_cursors IN ACCESS EXCLUSIVE MODE";

/// Every cursor behind as many facts as before, in the order that [`ADOPT_FACTS`] gives them.
pub(crate) const ADOPT_CURSORS: &str = "\
    UPDATE fact_cursors SET written_by = 1, id = lowest.id - 1 - lowest.facts + \
        (SELECT COUNT(*) FROM facts \
         WHERE (written_by, id) <= (CAST(CAST(fact_cursors.written_by AS text) AS xid8), fact_cursors.id)) \
    FROM (SELECT LEAST(MIN(id), 1) AS id, COUNT(*) AS facts FROM facts) AS lowest";

/// Facts in the order that they had, as of transaction 1, which is before all others. Their new ids are below all that are
/// there, because a key is compared row by row.
pub(crate) const ADOPT_FACTS: &str = "\
    UPDATE facts SET written_by = '1', id = lowest.id - 1 - lowest.facts + numbered.place \
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY written_by, id) AS place FROM facts) AS numbered, \
         (SELECT LEAST(MIN(id), 1) AS id, COUNT(*) AS facts FROM facts) AS lowest \
    WHERE numbered.id = facts.id";
