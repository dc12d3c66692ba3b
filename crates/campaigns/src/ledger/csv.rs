//! The ledger as CSV (RFC 4180).

use chrono::{DateTime, SecondsFormat, Utc};
use domain::csv_field;

use super::Line;

/// The first line, which names the columns.
pub const HEADER: &str = "id,address,provider,state,attempts,class,code,reply,rule,skipped_why,last_attempt_at,due_at,sent_at,\
                          bounced_at,complained_at\r\n";

impl Line {
    /// The line as CSV, with its end. What a spreadsheet would take for a formula has a `'` before it: addresses and a relay's words
    /// are strangers' text.
    pub fn csv(&self) -> String {
        let (delivery, last) = (&self.entry.delivery, self.entry.last.as_ref());
        let fields = [
            delivery.key.to_string(),
            self.address.as_ref().map(ToString::to_string).unwrap_or_default(),
            delivery.lane.to_string(),
            delivery.state.to_string(),
            delivery.attempts.to_string(),
            last.and_then(|last| last.class.clone()).unwrap_or_default(),
            last.and_then(|last| last.code).map(|code| code.to_string()).unwrap_or_default(),
            last.map(|last| last.reply.clone()).unwrap_or_default(),
            last.and_then(|last| last.rule.clone()).unwrap_or_default(),
            delivery.skipped_why.clone().unwrap_or_default(),
            time(last.map(|last| last.at)),
            time(delivery.due_at),
            time(delivery.sent_at),
            time(delivery.bounced_at),
            time(delivery.complained_at),
        ];
        let fields: Vec<String> = fields.iter().map(|field| csv_field(field)).collect();
        fields.join(",") + "\r\n"
    }
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}
