//! What the answers of mail services mean: one table.
//!
//! HTTP promises less than SMTP. A 451 behind the dot says that the message was not taken (RFC 5321 §4.2.5); a 500 says that
//! something went wrong, perhaps behind the point at which the message was taken. So a fault of the server leaves the message in
//! doubt, save where the service says of it that nothing was taken. And what is wrong with a request may be wrong with all of them:
//! only what a row knows to be about this message ends it.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::SmtpReply;
use verdict::{Class, Verdict};

use super::address::Kind;
use super::call::{Reading, Told};

/// What an answer means for the message, and for the relay.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The service has the message.
    Taken,
    /// It does not want the message, for good.
    Refused(Class),
    /// It does not take the message now. Without a class, for reasons that have nothing to do with this message.
    Later(Option<Class>),
    /// It does not take mail of this sender now, and a person has to look. It has no message.
    SenderRefused,
    /// It does not let us in: the credentials, the account or the address are wrong, and a person has to look. It has no message.
    LockedOut,
    /// Nobody can say whether it has the message.
    InDoubt,
}

/// The answer of a mail service to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status, and the service's words behind its own code.
    pub reply: SmtpReply,
    /// What the service calls the message that it took.
    pub id: Option<String>,
    /// What it means.
    pub meaning: Meaning,
    /// The row of the table that says so.
    pub rule: &'static str,
    /// For how long the service asks to be left alone.
    pub wait: Option<Duration>,
}

/// One row: which answers, and what they mean. The first that fits counts.
struct Row {
    rule: &'static str,
    /// Whose answer; everybody's without one.
    kind: Option<Kind>,
    status: RangeInclusive<u16>,
    /// The service's own code; any if empty.
    code: &'static str,
    /// What its words hold, in lower case; any if empty.
    words: &'static str,
    meaning: Meaning,
}

use Meaning::{InDoubt, Later, LockedOut, Refused, SenderRefused, Taken};

/// A row for one service.
const fn of(
    kind: Kind,
    rule: &'static str,
    status: u16,
    code: &'static str,
    words: &'static str,
    meaning: Meaning,
) -> Row {
    Row { rule, kind: Some(kind), status: status..=status, code, words, meaning }
}

/// A row for all, by the status (RFC 9110 §15).
const fn http(rule: &'static str, status: RangeInclusive<u16>, meaning: Meaning) -> Row {
    Row { rule, kind: None, status, code: "", words: "", meaning }
}

const BLOCK: Option<Class> = Some(Class::Block);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors and, for the words,
    // https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
    of(Kind::Ses, "ses.identity-not-verified", 400, "MessageRejected", "not verified", SenderRefused),
    of(Kind::Ses, "ses.mail-from-not-verified", 400, "MailFromDomainNotVerifiedException", "", SenderRefused),
    of(Kind::Ses, "ses.account-suspended", 400, "AccountSuspendedException", "", LockedOut),
    of(Kind::Ses, "ses.sending-paused", 400, "SendingPausedException", "", LockedOut),
    of(Kind::Ses, "ses.sending-paused", 400, "MessageRejected", "sending paused", LockedOut),
    of(Kind::Ses, "ses.sending-paused", 400, "MessageRejected", "sending suspended", LockedOut),
    of(Kind::Ses, "ses.message-rejected", 400, "MessageRejected", "", Refused(Class::Content)),
    of(Kind::Ses, "ses.no-such-set", 404, "NotFoundException", "", LockedOut),
    of(Kind::Ses, "ses.limit", 400, "LimitExceededException", "", Later(None)),
    of(Kind::Ses, "ses.rate", 400, "", "rate exceeded", Later(None)),
    of(Kind::Ses, "ses.quota", 400, "", "quota exceeded", Later(None)),
    of(Kind::Ses, "ses.recipient", 400, "BadRequestException", "illegal address", Refused(Class::Hard)),
    of(Kind::Ses, "ses.recipient", 400, "BadRequestException", "missing final", Refused(Class::Hard)),
    of(Kind::Ses, "ses.recipient", 400, "BadRequestException", "domain contains", Refused(Class::Hard)),
    of(Kind::Ses, "ses.recipient", 400, "BadRequestException", "local address contains", Refused(Class::Hard)),
    // https://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html and
    // https://support.sendgrid.com/hc/en-us/articles/18322114821403-4XX-API-Errors-and-Troubleshooting-Suggestions
    of(Kind::SendGrid, "sendgrid.not-queued", 200, "", "", LockedOut),
    of(Kind::SendGrid, "sendgrid.identity-not-verified", 403, "", "verified sender identity", SenderRefused),
    of(Kind::SendGrid, "sendgrid.sender", 400, "from.email", "", SenderRefused),
    of(Kind::SendGrid, "sendgrid.recipient", 400, "personalizations.0.to.0.email", "valid", Refused(Class::Hard)),
    // https://documentation.mailgun.com/docs/mailgun/quickstart-guide/responses
    of(Kind::Mailgun, "mailgun.recipient", 400, "", "to parameter is not a valid address", Refused(Class::Hard)),
    of(Kind::Mailgun, "mailgun.recipient", 400, "", "'to' parameter is not a valid address", Refused(Class::Hard)),
    of(Kind::Mailgun, "mailgun.not-allowed", 400, "", "not allowed to send", LockedOut),
    of(Kind::Mailgun, "mailgun.not-allowed", 400, "", "for test purposes only", LockedOut),
    of(Kind::Mailgun, "mailgun.limit", 400, "", "limit exceeded", Later(None)),
    of(Kind::Mailgun, "mailgun.limit", 420, "", "", Later(None)),
    // https://postmarkapp.com/developer/api/overview#error-codes
    of(Kind::Postmark, "postmark.maintenance", 503, "100", "", Later(None)),
    of(Kind::Postmark, "postmark.recipient", 422, "300", "'to'", Refused(Class::Hard)),
    of(Kind::Postmark, "postmark.sender", 422, "300", "'from'", SenderRefused),
    of(Kind::Postmark, "postmark.signature-not-found", 422, "400", "", SenderRefused),
    of(Kind::Postmark, "postmark.signature-not-confirmed", 422, "401", "", SenderRefused),
    of(Kind::Postmark, "postmark.not-allowed", 422, "405", "", LockedOut),
    of(Kind::Postmark, "postmark.inactive-recipient", 422, "406", "", Refused(Class::Hard)),
    of(Kind::Postmark, "postmark.account-pending", 422, "412", "", LockedOut),
    of(Kind::Postmark, "postmark.account-may-not-send", 422, "413", "", LockedOut),
    of(Kind::Postmark, "postmark.no-such-stream", 422, "1235", "", LockedOut),
    // RFC 9110 §15.
    http("http.taken", 200..=299, Taken),
    http("http.moved", 300..=399, LockedOut),
    http("http.not-let-in", 401..=401, LockedOut),
    http("http.forbidden", 403..=403, LockedOut),
    http("http.no-such-place", 404..=405, LockedOut),
    http("http.unpaid", 402..=402, LockedOut),
    http("http.proxy", 407..=407, LockedOut),
    // The server has not had the whole request.
    http("http.too-slow", 408..=408, Later(None)),
    http("http.too-large", 413..=413, Refused(Class::Content)),
    http("http.wrong-server", 421..=421, Later(None)),
    http("http.too-early", 425..=425, Later(None)),
    http("http.too-many", 429..=429, Later(None)),
    // Nobody knows whether it is about this message or about whatever we say.
    http("http.refused", 400..=499, Later(BLOCK)),
    // RFC 9110 §15.6.4: it cannot handle the request now, and so has not.
    http("http.overloaded", 503..=503, Later(None)),
    http("http.broken", 500..=599, InDoubt),
];

/// What an answer means.
pub(super) fn judge(kind: Kind, told: &Told, reading: Reading) -> Answered {
    let status = told.status.as_u16();
    let lower = reading.words.to_lowercase();
    let fits = |row: &&Row| {
        row.kind.is_none_or(|of| of == kind)
            && row.status.contains(&status)
            && (row.code.is_empty() || row.code == reading.code)
            && (row.words.is_empty() || lower.contains(row.words))
    };
    // What is no answer to a request at all says nothing.
    let (rule, meaning) = TABLE.iter().find(fits).map_or(("http.strange", InDoubt), |row| (row.rule, row.meaning));
    let Reading { id, code, words } = reading;
    let text = [code, words].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    Answered {
        reply: SmtpReply { code: status, status: None, text },
        id: id.filter(|_| meaning == Taken),
        meaning,
        rule,
        wait: told.retry_after(),
    }
}

impl Answered {
    /// What a refusal says of the person, or of us; nothing where it speaks of neither.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let class = match self.meaning {
            Refused(class) | Later(Some(class)) => class,
            SenderRefused => Class::Block,
            Taken | Later(None) | LockedOut | InDoubt => return None,
        };
        // The words without addresses; what they say of a mailbox provider is not the service's to say.
        let words = verdict::judge(&self.reply, None).words;
        Some(Verdict {
            class,
            rule: self.rule.to_owned(),
            words,
            pause: None,
            slow: false,
            again: false,
            relay: false,
            sender: self.meaning == SenderRefused,
        })
    }

    /// The name of the row, where there is more to say than that all is well.
    pub(crate) fn rule(&self) -> Option<String> {
        (self.meaning != Taken).then(|| self.rule.to_owned())
    }

    /// Whether the service is not to be asked again at once, whatever the message.
    pub(crate) fn asks_for_rest(&self) -> bool {
        match self.meaning {
            LockedOut | Later(None) => true,
            Taken | Refused(_) | Later(Some(_)) | SenderRefused | InDoubt => false,
        }
    }
}
