//! What the outbox keeps of a mail about a subscription until the sender composes it: the `data` of its intent.
//!
//! Only what cannot be looked up when the mail is composed stands here. The recipient is the intent's subscriber.

use domain::{AccessId, Locale, OptInId};
use serde::{Deserialize, Serialize};

/// A confirmation, its reminder or a welcome. The topics and the expiry are the request's.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptIn {
    /// The request.
    pub opt_in: OptInId,
    /// The language of the page that it was made on.
    pub locale: Locale,
}

/// A single-use link to a person's own data.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// The link.
    pub access: AccessId,
    /// The person's language.
    pub locale: Locale,
}
