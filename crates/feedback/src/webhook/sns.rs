//! Amazon SNS, by which SES tells what became of messages, and Scaleway's Topics and Events, which does the same: a
//! [signed envelope](https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html) around each event.
//!
//! The certificate that verifies it is fetched from where the envelope says, so where that may be is pinned (`place`): https, the cloud's own host
//! of the region of a topic that is configured, and nowhere else. A subscription is confirmed by the same rule.

mod certificates;
mod envelope;
mod fetch;
mod place;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use certificates::{Certificates, trusted};
use envelope::{Envelope, Kind};
pub use fetch::{FetchError, Fetcher};
pub(super) use place::Cloud;
pub use place::{InvalidTopic, Topic};

use super::TakeError;
use super::proof::{Unproven, is_recent};

/// Older messages are not believed, as
/// [Amazon advises](https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html).
const AGE: TimeDelta = TimeDelta::hours(1);

/// A topic, and who vouches for the certificates of its signatures where the system does not.
#[derive(Clone)]
pub(super) struct Sns {
    pub(super) topic: Topic,
    pub(super) anchors: Arc<[rustls_pki_types::TrustAnchor<'static>]>,
}

impl Sns {
    /// The event in a request; nothing where the request was about the subscription itself, which is confirmed.
    pub(super) async fn open(
        &self,
        body: &[u8],
        certificates: &Certificates,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, TakeError> {
        let envelope = Envelope::read(body).ok_or(Unproven)?;
        // What costs nothing is asked first: whoever does not know the topic has nothing fetched.
        if envelope.topic != self.topic.as_str() {
            return Err(Unproven.into());
        }
        is_recent(envelope.sent_at().ok_or(Unproven)?, AGE, now)?;
        let place = self.topic.certificate(&envelope.signing_cert_url).ok_or(Unproven)?;
        let certificate = certificates.at(&place, now).await?;
        certificate.verify(&envelope, &self.anchors, now)?;
        match envelope.kind {
            Kind::Notification => Ok(Some(envelope.message)),
            Kind::SubscriptionConfirmation => {
                let place = envelope.subscribe_url.as_deref().and_then(|url| self.topic.confirmation(url));
                certificates.fetcher().get(&place.ok_or(Unproven)?).await?;
                tracing::info!(topic = self.topic.as_str(), "the subscription to {} is confirmed", self.topic.as_str());
                Ok(None)
            }
            Kind::UnsubscribeConfirmation => {
                tracing::warn!(
                    topic = self.topic.as_str(),
                    "{} does not tell us anything any more",
                    self.topic.as_str()
                );
                Ok(None)
            }
        }
    }
}
