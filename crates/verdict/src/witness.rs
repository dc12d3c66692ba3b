//! Whether a report says more than words that a recipient does not exist.
//!
//! Filters pretend: docomo, au and others take a recipient and answer "User unknown" to the message itself, of mailboxes
//! that live. A server that knows of no such mailbox refuses the recipient (RFC 5321 §3.3), or gives the code.

use std::sync::LazyLock;

use domain::EnhancedStatus;
use regex::bytes::Regex;

#[expect(clippy::expect_used, reason = "the pattern is part of the program, and a test runs it")]
static RCPT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\bRCPT([ _]TO|[ _]command)?\b|rejected address").expect("the pattern compiles"));

/// Whether there is a second witness beside the words. 5.1.7 and 5.1.8 speak of the sender (RFC 3463 §3.2).
pub(crate) fn has(status: Option<EnhancedStatus>, diagnostic: &str) -> bool {
    let of_recipient =
        |status: EnhancedStatus| status.class == 5 && status.subject == 1 && !matches!(status.detail, 7 | 8);
    status.is_some_and(of_recipient) || RCPT.is_match(diagnostic.as_bytes())
}
