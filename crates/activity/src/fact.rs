use chrono::{DateTime, Utc};
use domain::{BrandId, DeliveryKey, SubscriberId};
use serde_json::Value;

use crate::Kind;

/// Something that happened to or by a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: Kind,
    /// Under which brand.
    pub brand: BrandId,
    /// To or by whom; nobody, once the person is erased.
    pub subscriber: Option<SubscriberId>,
    /// About which message.
    pub delivery: Option<DeliveryKey>,
    /// What else is worth knowing, such as a verdict's rule. Never the person's address.
    pub detail: Option<Value>,
}

impl Fact {
    /// A fact that is about nobody and nothing yet.
    pub const fn new(kind: Kind, brand: BrandId, at: DateTime<Utc>) -> Self {
        Self { at, kind, brand, subscriber: None, delivery: None, detail: None }
    }

    /// The fact, about this person.
    #[must_use]
    pub fn about(self, subscriber: impl Into<Option<SubscriberId>>) -> Self {
        Self { subscriber: subscriber.into(), ..self }
    }

    /// The fact, about this message.
    #[must_use]
    pub fn of(self, delivery: impl Into<Option<DeliveryKey>>) -> Self {
        Self { delivery: delivery.into(), ..self }
    }

    /// The fact, with this detail.
    #[must_use]
    pub fn with(self, detail: Value) -> Self {
        Self { detail: Some(detail), ..self }
    }
}
