//! What in a returned mail may point back at a message of ours.

use std::fmt;

use crate::fields::{self, Field};
use crate::parts::Mail;

/// A report about one message needs no more of each.
const MANY: usize = 16;

/// What points back at a message of ours, in the order of trust that reading it deserves.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// `Original-Envelope-Id`, RFC 3464 §2.2.1, or `CFBL-Feedback-ID`, RFC 9477 §3.2: the ENVID that we gave.
    pub envelope_ids: Vec<String>,
    /// Message-IDs: of the returned message or its headers first, then those that the report says it answers.
    pub message_ids: Vec<String>,
    /// Where the returned message would have gone back to: `Return-Path`, or `Original-Mail-From` (RFC 5965 §3.2).
    pub return_paths: Vec<String>,
    /// The addresses and links of the returned message's `List-Unsubscribe`, RFC 2369 §3.2.
    pub unsubscribe: Vec<String>,
}

/// How many of each: an unsubscribe link is a key, and others' return paths hold addresses.
impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces")
            .field("envelope_ids", &self.envelope_ids.len())
            .field("message_ids", &self.message_ids.len())
            .field("return_paths", &self.return_paths.len())
            .field("unsubscribe", &self.unsubscribe.len())
            .finish()
    }
}

impl Traces {
    /// Collects them from every part.
    pub(crate) fn read(mail: &Mail) -> Self {
        let mut traces = Self::default();
        let (returned, other): (Vec<_>, Vec<_>) = mail.parts.iter().partition(|part| part.is_returned());
        for part in returned.into_iter().chain(other) {
            for group in fields::groups(&part.text) {
                group.iter().for_each(|field| traces.take(field));
            }
        }
        for name in ["in-reply-to", "references", "x-original-message-id"] {
            traces.message_ids.extend(mail.headers.get(name).into_iter().flat_map(bracketed));
        }
        for list in
            [&mut traces.envelope_ids, &mut traces.message_ids, &mut traces.return_paths, &mut traces.unsubscribe]
        {
            let mut seen = Vec::<String>::new();
            list.retain(|text| {
                let news = seen.len() < MANY && !seen.contains(text);
                if news {
                    seen.push(text.clone());
                }
                news
            });
        }
        traces
    }

    fn take(&mut self, field: &Field<'_>) {
        // RFC 9477 §3.2: what we gave as feedback id is the envelope id, and comes back with the message's head.
        if field.is("Original-Envelope-Id") || field.is("CFBL-Feedback-ID") {
            self.envelope_ids.push(field.value.to_string());
        } else if field.is("Message-ID") || field.is("Original-Message-ID") {
            self.message_ids.extend(bracketed(&field.value));
        } else if field.is("Return-Path") || field.is("Original-Mail-From") {
            let address = field.value.rsplit(';').next().unwrap_or_default().trim();
            let address = address.trim_start_matches('<').trim_end_matches('>');
            if !address.is_empty() {
                self.return_paths.push(address.to_owned());
            }
        } else if field.is("List-Unsubscribe") {
            self.unsubscribe.extend(bracketed(&field.value));
        }
    }
}

/// What stands in angle brackets; the whole text where nothing does.
fn bracketed(text: &str) -> Vec<String> {
    let mut found: Vec<_> = text
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(inner, _)| inner.split_whitespace().collect::<String>())
        .filter(|inner| !inner.is_empty())
        .take(MANY)
        .collect();
    if found.is_empty() && !text.trim().is_empty() {
        found.push(text.trim().to_owned());
    }
    found
}
