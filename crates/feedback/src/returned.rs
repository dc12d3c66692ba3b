use std::fmt;

use database::private::Stars;

use crate::{AutoReply, DeliveryReport, FeedbackReport, Receipt, Traces};

/// What a mail that came back is, and what in it may tell which delivery it is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Returned {
    /// What it is.
    pub kind: Kind,
    /// What points back at a message of ours. Nothing in it is believed before its token verifies.
    pub traces: Traces,
    /// The Message-ID of the returned mail itself, which tells the same report sent twice.
    pub report_id: Option<String>,
    /// Its subject, for the people who read the list.
    pub subject: Option<String>,
    /// The sentence of an [automatic answer](Kind::AutoReply) that says that the person has left, or has another address.
    pub moved: Option<String>,
}

/// Masked: people's subjects and programs' ids tell whom it is about.
impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned")
            .field("kind", &self.kind)
            .field("traces", &self.traces)
            .field("report_id", &Stars::over(self.report_id.as_ref()))
            .field("subject", &Stars::over(self.subject.as_ref()))
            .field("moved", &Stars::over(self.moved.as_ref()))
            .finish()
    }
}

/// The kinds of mail that come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A mail server says what became of a message, RFC 3464.
    Delivery(DeliveryReport),
    /// A mailbox provider passes on what a recipient said, RFC 5965.
    Feedback(FeedbackReport),
    /// A program answered for a person, RFC 3834.
    AutoReply(AutoReply),
    /// A mail program says what a person did with a message, RFC 8098.
    Receipt(Receipt),
    /// A person asks to be left alone, in the one word that means only that.
    Unsubscribe,
    /// Anything else: kept, and shown to a person.
    Unknown,
}

impl Kind {
    /// The name, as the database and the API write it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Delivery(_) => "delivery_report",
            Self::Feedback(_) => "feedback_report",
            Self::AutoReply(_) => "auto_reply",
            Self::Receipt(_) => "receipt",
            Self::Unsubscribe => "unsubscribe",
            Self::Unknown => "unknown",
        }
    }
}
