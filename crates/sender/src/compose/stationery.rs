use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use brands::Brand;
use campaigns::Letter;
use domain::{MailboxProvider, MailingNo, MasterKeys};
use limits::Route;
use links::Site;
use outbox::Mailing;
use renderer::Look;
use sea_orm::ConnectionTrait;

use super::ComposeError;
use crate::dkim::Signer;

/// How long what was read may be used: a changed brand or key shows after this time.
const FRESH: Duration = Duration::from_secs(10);

/// What all messages of a mailing share.
pub(crate) struct Stationery {
    pub(crate) mailing: Mailing,
    pub(crate) brand: Brand,
    pub(crate) site: Site,
    pub(crate) look: Look,
    pub(crate) signer: Signer,
    /// The campaign's letter; standing streams have none.
    pub(crate) letter: Option<Letter>,
}

/// The stationery of the mailings that are being sent.
pub(crate) struct Shelf {
    keys: Arc<MasterKeys>,
    kept: HashMap<MailingNo, (Duration, Arc<Stationery>)>,
}

impl Shelf {
    pub(crate) fn new(keys: Arc<MasterKeys>) -> Self {
        Self { keys, kept: HashMap::new() }
    }

    /// The mailing's stationery, read anew if what is kept is too old at `uptime`.
    pub(crate) async fn of(
        &mut self,
        conn: &impl ConnectionTrait,
        mailing: &Mailing,
        uptime: Duration,
    ) -> Result<Arc<Stationery>, ComposeError> {
        // Forgetting the old ones here is what bounds the memory.
        self.kept.retain(|_, (read, _)| uptime.saturating_sub(*read) < FRESH);
        if let Some((_, kept)) = self.kept.get(&mailing.no) {
            return Ok(Arc::clone(kept));
        }
        let stationery = Arc::new(Stationery::read(conn, &self.keys, mailing).await?);
        self.kept.insert(mailing.no, (uptime, Arc::clone(&stationery)));
        Ok(stationery)
    }
}

impl Stationery {
    /// What decides which limits bind its messages to this provider through this relay.
    pub(crate) fn route<'a>(&'a self, relay: &'a str, provider: &'a MailboxProvider) -> Route<'a> {
        Route { relay, provider, brand: &self.brand.slug, campaign: self.mailing.campaign }
    }

    async fn read(conn: &impl ConnectionTrait, keys: &MasterKeys, mailing: &Mailing) -> Result<Self, ComposeError> {
        let letter = match mailing.campaign {
            Some(campaign) => Some(campaigns::letter(conn, campaign).await?),
            None => None,
        };
        let brand = brands::find(conn, mailing.brand).await?.ok_or(ComposeError::NoBrand)?;
        let keys = brands::key::active(conn, keys, &brand.sending_domain).await?;
        Ok(Self {
            mailing: mailing.clone(),
            site: campaigns::site(&brand)?,
            look: campaigns::look(&brand)?,
            signer: Signer::new(&keys)?,
            brand,
            letter,
        })
    }
}
