use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use database::Database;
use links::Links;
use serde_json::Value;

use super::meaning::{self, Found};
use super::proof::Once;
use super::sns::Certificates;
use super::{FetchError, Fetcher, Hook, Posted, Provider, Unproven, tokens};
use crate::Processed;
use crate::process::{self, Error};

/// Takes what mail services post, each at an address of its own.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    hooks: BTreeMap<String, Hook>,
    /// Where some of them are told through a topic.
    certificates: Option<Arc<Certificates>>,
}

/// What became of a request that was proved.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Events that are kept.
    pub kept: usize,
    /// Events that were here before.
    pub seen: usize,
    /// Events that ask for nothing, or that nobody knows.
    pub passed: usize,
}

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// It is not known to be the service's.
    #[error(transparent)]
    Unproven(#[from] Unproven),
    /// What proves it could not be fetched. It has to come again.
    #[error("what proves a mail service's request could not be fetched")]
    Fetch(#[from] FetchError),
    /// It has to come again.
    #[error("an event of a mail service was not dealt with")]
    Process(#[from] Error),
}

/// One event, as it is kept and dealt with.
pub(crate) struct Told<'a> {
    pub(crate) provider: Provider,
    pub(crate) raw: &'a [u8],
    pub(crate) event: super::Event,
    pub(crate) found: Option<Found>,
}

impl Receiver {
    /// With these addresses.
    pub fn new(hooks: impl IntoIterator<Item = (String, Hook)>) -> Self {
        Self { hooks: hooks.into_iter().collect(), certificates: None }
    }

    /// Whether something has to be [fetched](Self::fetching) to prove some of the requests.
    pub fn fetches(&self) -> bool {
        self.hooks.values().any(|hook| hook.sns().is_some())
    }

    /// Fetches what proves requests, and confirms subscriptions.
    pub fn fetching(self, fetcher: Fetcher) -> Self {
        Self { certificates: Some(Arc::new(Certificates::new(fetcher))), ..self }
    }

    /// The names of the addresses, and whose they are.
    pub fn hooks(&self) -> impl Iterator<Item = (&str, Provider)> {
        self.hooks.iter().map(|(name, hook)| (name.as_str(), hook.provider()))
    }

    /// Deals with a request to the address of this name, one transaction for each event. When this returns, all is committed and the request may be
    /// answered; if it fails in the middle, it comes again, and the events before it are seen to be done.
    pub async fn take(
        &self,
        db: &Database,
        links: &Links,
        name: &str,
        posted: &Posted<'_>,
        now: DateTime<Utc>,
    ) -> Result<Taken, TakeError> {
        // An address that there is not and a proof that is none are the same to who tries.
        let hook = self.hooks.get(name).ok_or(Unproven)?;
        let (once, opened) = match (hook.sns(), &self.certificates) {
            (Some(sns), Some(certificates)) => match sns.open(posted.body, certificates, now).await? {
                Some(event) => (None, Some(event)),
                None => return Ok(Taken::default()),
            },
            _ => (hook.proves(posted, now)?, None),
        };
        let raw = opened.as_deref().map_or(posted.body, str::as_bytes);
        let provider = hook.provider();
        let mut taken = Taken::default();
        let body = serde_json::from_slice(raw).ok().and_then(|body| provider.split(body));
        let Some(events) = body else {
            // It is the service's, and reads as nothing that we know: a person may look.
            let event = super::Event::default();
            let told = Told { provider, raw, event, found: None };
            taken.count(keep(db, links, told, once.as_ref(), now).await?);
            return Ok(taken);
        };
        for event in events {
            taken.count(deal(db, links, provider, &event, once.as_ref(), now).await?);
        }
        Ok(taken)
    }
}

impl Taken {
    fn count(&mut self, processed: Option<Processed>) {
        match processed {
            Some(Processed::Kept { .. }) => self.kept += 1,
            Some(Processed::SeenBefore) => self.seen += 1,
            None => self.passed += 1,
        }
    }
}

/// Deals with one event; nothing is kept of what asks for nothing.
async fn deal(
    db: &Database,
    links: &Links,
    provider: Provider,
    event: &Value,
    once: Option<&Once>,
    now: DateTime<Utc>,
) -> Result<Option<Processed>, Error> {
    let read = provider.read(event);
    let Some(found) = meaning::find(provider, &read.kind) else {
        tracing::debug!(source = %provider, "an event of a kind that is not known");
        measure(provider, "unknown");
        return pass(db, once, now).await;
    };
    measure(provider, found.rule);
    match found.meaning {
        meaning::Meaning::Nothing => pass(db, once, now).await,
        // That a message arrived is what is thought of it already, save where it is in doubt.
        meaning::Meaning::Arrived if !process::is_in_doubt(db, links, &read).await? => pass(db, once, now).await,
        _ => {
            let raw = event.to_string();
            keep(db, links, Told { provider, raw: raw.as_bytes(), event: read, found: Some(found) }, once, now).await
        }
    }
}

async fn keep(
    db: &Database,
    links: &Links,
    told: Told<'_>,
    once: Option<&Once>,
    now: DateTime<Utc>,
) -> Result<Option<Processed>, Error> {
    process::event(db, links, told, once, now).await.map(Some)
}

/// What is good once is used up, whatever it came with.
async fn pass(db: &Database, once: Option<&Once>, now: DateTime<Utc>) -> Result<Option<Processed>, Error> {
    let Some(once) = once else { return Ok(None) };
    let txn = db.begin().await?;
    tokens::is_news(&txn, once, now).await?;
    txn.commit().await?;
    Ok(None)
}

fn measure(provider: Provider, rule: &'static str) {
    metrics::counter!("eshot_webhook_events_total", "source" => provider.as_str(), "rule" => rule).increment(1);
}

/// A kept event as it would be read today: what it says, and what the service itself says of it.
pub(crate) fn reread(source: &str, raw: &[u8]) -> Option<(crate::Returned, Option<super::Own>)> {
    let provider: Provider = source.parse().ok()?;
    let event = serde_json::from_slice(raw).map(|event| provider.read(&event)).unwrap_or_default();
    let found = meaning::find(provider, &event.kind);
    let meaning = found.map_or(meaning::Meaning::Nothing, |found| found.meaning);
    Some((event.returned(meaning), found.and_then(Found::own)))
}
