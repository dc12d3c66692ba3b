//! What the outbox keeps of a mail about a subscription until the sender composes it: the `data` of its intent.
//!
//! Only what cannot be looked up when the mail is composed stands here. The recipient is the intent's subscriber.

use domain::{AccessId, Locale, OptInId, TopicId};
use serde::{Deserialize, Serialize};

/// A confirmation or its reminder. Topics and expiry are the request's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The request that the link confirms.
    pub opt_in: OptInId,
    /// The language of the page that it was made on.
    pub locale: Locale,
    /// The name that was typed there, which is not on file before the address is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A welcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// To what.
    pub topics: Vec<TopicId>,
    /// The language of the page that it was confirmed on.
    pub locale: Locale,
}

/// A single-use link to a person's own data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The link.
    pub access: AccessId,
    /// The language of the page that it was asked for on.
    pub locale: Locale,
}
