use serde::{Deserialize, Serialize};

/// What an author writes: three templates, in Handlebars and, for the body, MJML.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The subject line, plain text with merge fields.
    pub subject: String,
    /// What a mailbox shows behind the subject, plain text with merge fields; it may be empty.
    pub preheader: String,
    /// The body: an `<mjml>` document with merge fields.
    pub mjml: String,
}
