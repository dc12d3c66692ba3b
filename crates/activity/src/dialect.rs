//! The SQL that SQLite and PostgreSQL spell differently.

use sea_orm::DbBackend;

/// Facts behind a cursor `($1, $2)` that no open transaction can still put anything in front of, `$3` at most.
pub(crate) const fn behind(backend: DbBackend) -> &'static str {
    match backend {
        // One writer: ids are committed in their order.
        DbBackend::Sqlite => {
            "SELECT written_by, id, at, kind, brand_id, subscriber_id, mailing_no, ordinal, detail FROM facts \
             WHERE (written_by, id) > ($1, $2) ORDER BY written_by, id LIMIT $3"
        }
        // xmin is the oldest transaction still open: whatever is older has committed, or never will.
        _ => {
            "SELECT CAST(CAST(written_by AS text) AS bigint) AS written_by, id, at, kind, brand_id, subscriber_id, \
                    mailing_no, ordinal, detail \
             FROM facts \
             WHERE (written_by, id) > (CAST(CAST($1::bigint AS text) AS xid8), $2) \
               AND written_by < pg_snapshot_xmin(pg_current_snapshot()) \
             ORDER BY facts.written_by, id LIMIT $3"
        }
    }
}
