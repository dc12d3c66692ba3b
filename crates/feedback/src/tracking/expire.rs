use chrono::{DateTime, TimeDelta, Utc};
use database::{Database, sql};

use super::JudgeError;

/// Forgets up to `limit` hits that their brand keeps no longer, with the network that each came from, and says how many. What they
/// were counted as stays.
pub async fn expire(db: &Database, limit: u64, now: DateTime<Utc>) -> Result<u64, JudgeError> {
    let mut gone = 0;
    for brand in brands::list(db.reader()).await? {
        let before = now - TimeDelta::days(i64::from(brand.hits_kept_days));
        let sql = "DELETE FROM hits WHERE id IN \
                     (SELECT id FROM hits WHERE brand_id = $1 AND at < $2 ORDER BY at LIMIT $3)";
        let left = limit.saturating_sub(gone);
        gone += sql::execute(db.writer(), sql, [brand.id.into(), before.into(), left.into()]).await?;
    }
    Ok(gone)
}
