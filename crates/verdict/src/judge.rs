use std::time::Duration;

use domain::{EnhancedStatus, MailboxProvider, SmtpReply};
use serde::{Deserialize, Serialize};

use crate::Class;
use crate::rules::{Rule, Severity, compiled};
use crate::witness;
use crate::words;

/// For how long a provider is left in peace when the rule names no time (Google, "4.7.28": stop for ten minutes).
const PAUSE: Duration = Duration::from_secs(600);

/// What a refusal means, and why we think so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whose problem it is.
    pub class: Class,
    /// The id of the rule that said so.
    pub rule: String,
    /// The server's words without echoed addresses, URLs and host names.
    pub words: String,
    /// For how long the mailbox provider should be left in peace: a [`Class::Block`] only, and not each of them.
    pub pause: Option<Duration>,
    /// Whether the mailbox provider should be mailed more slowly from now on.
    pub slow: bool,
    /// Whether the message is to be tried again although the code is final: a quota or a rate that is used up for now.
    pub again: bool,
    /// Whether it speaks of the relay that we send through, and not of whoever keeps the mailbox.
    pub relay: bool,
    /// Whether it speaks of the sender that the mail names: another sender's mail may be taken.
    pub sender: bool,
}

impl Verdict {
    /// The server's words where they say what is wrong with the message, so that its campaign is stopped with them: a virus, an attachment, a
    /// listed link, its form or size. That one filter calls it spam is no such word; it counts among all who do.
    pub fn words_of_content(&self) -> Option<&str> {
        (self.class == Class::Content && self.rule != "content.spam").then_some(self.words.as_str())
    }
}

/// What a relay's or a mail server's own answer means.
///
/// Ask it about refusals. Of a positive reply there is nothing to say, so it comes out as [`Class::Soft`] by the rule `none`.
pub fn judge(reply: &SmtpReply, provider: Option<&MailboxProvider>) -> Verdict {
    weigh(Some(reply.code), reply.status, &reply.text, provider, true)
}

/// What a report's fields about one recipient mean: `Status` and `Diagnostic-Code`, RFC 3464 §2.3.4 and §2.3.6.
///
/// A status within the diagnostic text is nearer to the server that refused than the report's own, so it goes first
/// unless it is the less definite one.
pub fn judge_report(status: Option<EnhancedStatus>, diagnostic: &str, provider: Option<&MailboxProvider>) -> Verdict {
    judge_event(status, diagnostic, provider, false)
}

/// The same for what a mail service tells of a message that it was given. Where the service itself calls the recipient gone for good (`gone`),
/// that is a second witness for words that say so.
pub fn judge_event(
    status: Option<EnhancedStatus>,
    diagnostic: &str,
    provider: Option<&MailboxProvider>,
    gone: bool,
) -> Verdict {
    let diagnostic = words::cut(diagnostic, 4_000);
    let told = codes(diagnostic);
    let status = match (told.status, status) {
        (Some(told), Some(field)) if told.subject == 0 && field.subject != 0 => Some(field),
        (told, field) => told.or(field),
    };
    let sure = gone || witness::has(status, diagnostic);
    weigh(told.reply, status, diagnostic, provider, sure)
}

fn weigh(
    reply: Option<u16>,
    status: Option<EnhancedStatus>,
    text: &str,
    provider: Option<&MailboxProvider>,
    sure: bool,
) -> Verdict {
    let rules = compiled();
    let provider = provider.map(MailboxProvider::as_str);
    let words = words::clean(text, rules);
    let severity = severity(reply, status);
    let applies = |rule: &&Rule| rule.applies(severity, provider);
    let of_status = |rule: &&Rule| status.is_some_and(|status| rule.has_status(status));
    let of_reply = |rule: &&Rule| reply.is_some_and(|reply| rule.has_reply(reply));
    let found = rules
        .clear
        .matching(&words)
        .find(applies)
        .or_else(|| rules.codes.iter().filter(applies).find(of_status))
        .or_else(|| rules.vague.matching(&words).find(applies))
        .or_else(|| rules.fallback.iter().filter(applies).find(of_status))
        .or_else(|| rules.fallback.iter().filter(applies).find(of_reply));
    let words = words::cut(&words, 500).to_owned();
    match found {
        Some(rule) => {
            // Words alone take nobody off a list: see `witness`.
            let doubted = rule.class == Class::Hard && rule.phrase.is_some() && !rule.sure && !sure;
            Verdict {
                class: if doubted { Class::LikelyGone } else { rule.class },
                rule: rule.id.clone(),
                words,
                pause: pause(rule),
                slow: rule.slow,
                again: rule.again,
                relay: rule.relay,
                sender: rule.sender,
            }
        }
        None => Verdict {
            class: Class::Soft,
            rule: "none".to_owned(),
            words,
            pause: None,
            slow: false,
            again: false,
            relay: false,
            sender: false,
        },
    }
}

fn pause(rule: &Rule) -> Option<Duration> {
    let asked = (rule.class == Class::Block).then(|| rule.pause.unwrap_or(PAUSE));
    asked.filter(|pause| !pause.is_zero())
}

/// Where reply code and status disagree, *not now* is believed: the server means to be asked again, and a recipient who is
/// wrongly taken for gone is lost.
fn severity(reply: Option<u16>, status: Option<EnhancedStatus>) -> Severity {
    let transient = reply.is_some_and(|code| code / 100 == 4) || status.is_some_and(|status| status.class == 4);
    if transient { Severity::Transient } else { Severity::Permanent }
}

/// The codes that a diagnostic text holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    /// The SMTP reply code, RFC 5321 §4.2.
    pub reply: Option<u16>,
    /// The enhanced status code, RFC 3463.
    pub status: Option<EnhancedStatus>,
}

/// The first reply code at the head of a word, and the first enhanced status.
pub fn codes(text: &str) -> Codes {
    let mut found = Codes { reply: None, status: None };
    // A code stands near the beginning; what follows later is more often a number of something else.
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '#' | ';' | ',' | '-' | '\'' | '"'));
    for word in words.filter(|word| !word.is_empty()).take(40) {
        if found.status.is_none() {
            found.status =
                word.trim_end_matches([':', '.', '=']).parse::<EnhancedStatus>().ok().filter(|s| s.class != 2);
        }
        if found.reply.is_none() && word.len() == 3 {
            found.reply = word.parse::<u16>().ok().filter(|code| (400..600).contains(code));
        }
    }
    found
}

#[cfg(test)]
mod tests;
