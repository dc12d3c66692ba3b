use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use campaigns::Targets;
use domain::MailingNo;
use sea_orm::ConnectionTrait;

/// Where the links of mailings lead, read once. What is frozen never changes; a mailing whose words are not frozen has nothing that counts.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<HashMap<MailingNo, Arc<Targets>>>);

/// So many mailings at most, some kilobytes each: people follow the links of the newest.
const MOST: usize = 500;

impl Shelf {
    /// Where the links of this mailing lead, if it has any that count.
    pub(crate) async fn find(
        &self,
        conn: &impl ConnectionTrait,
        mailing: MailingNo,
    ) -> Result<Option<Arc<Targets>>, campaigns::Error> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&mailing) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(found) = campaigns::targets(conn, mailing).await?.map(Arc::new) else { return Ok(None) };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(mailing, Arc::clone(&found));
        Ok(Some(found))
    }
}
