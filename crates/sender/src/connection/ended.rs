use std::time::Duration;

use domain::SmtpReply;
use outbox::Phase;

use super::Problem;
use crate::service::{Answered, Meaning};

/// How handing over a message ended.
#[derive(Debug)]
pub enum Ended {
    /// The relay took it.
    Accepted(SmtpReply),
    /// The relay said no, in this phase.
    Refused {
        /// Which command was refused.
        phase: Phase,
        /// The relay's words.
        reply: SmtpReply,
    },
    /// The connection ended, or the relay fell silent, in this phase.
    Broken {
        /// How far it came. After the final dot the relay may have the message.
        phase: Phase,
        /// What happened.
        problem: Problem,
    },
    /// The guard said no, so the relay does not have the message.
    Withheld {
        /// Before MAIL FROM or before the final dot.
        phase: Phase,
    },
    /// A mail service has answered, and its answer means what a table says.
    Answered(Box<Answered>),
    /// The message cannot be offered to this relay at all.
    Unfit(Unfit),
}

/// Why a message cannot be offered.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The recipient's local part is beyond ASCII and the relay does not take such ones (RFC 6531 §3.2).
    #[error("the address needs SMTPUTF8, which the relay does not offer")]
    NeedsSmtpUtf8,
    /// An address does not fit an envelope.
    #[error("the address does not fit an envelope")]
    Address,
    /// The message does not come apart again, as a mail service that puts messages together itself needs it.
    #[error("the message cannot be taken apart")]
    Message,
    /// The message holds bytes beyond ASCII.
    #[error("the message is not 7-bit")]
    EightBit,
}

/// What the end of one message shows of whether the relay takes others.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It takes mail, and this sender's.
    Takes,
    /// It takes none, whoever it is from.
    RefusesAll,
    /// It does not take mail of this sender.
    RefusesSender,
    /// Nothing: what is said once the recipient is known may be about that.
    None,
}

impl Ended {
    /// What it shows of whether the relay takes mail.
    pub(crate) fn sign(&self) -> Sign {
        match self {
            Self::Accepted(_) => Sign::Takes,
            Self::Broken { problem: Problem::Cut, .. } | Self::Withheld { .. } | Self::Unfit(_) => Sign::None,
            Self::Broken { .. } => Sign::RefusesAll,
            Self::Answered(answered) => match answered.meaning {
                Meaning::Taken => Sign::Takes,
                Meaning::Later(None) | Meaning::LockedOut | Meaning::InDoubt => Sign::RefusesAll,
                Meaning::SenderRefused => Sign::RefusesSender,
                Meaning::Refused(_) | Meaning::Later(Some(_)) => Sign::None,
            },
            Self::Refused { phase, reply } => refusal(*phase, reply),
        }
    }

    /// How far the dialogue came.
    pub fn phase(&self) -> Phase {
        match self {
            Self::Answered(answered) if matches!(answered.meaning, Meaning::LockedOut) => Phase::Auth,
            Self::Accepted(_) | Self::Answered(_) => Phase::Dot,
            Self::Refused { phase, .. } | Self::Broken { phase, .. } | Self::Withheld { phase } => *phase,
            Self::Unfit(_) => Phase::MailFrom,
        }
    }

    /// The relay's words, if it had any.
    pub fn reply(&self) -> Option<&SmtpReply> {
        match self {
            Self::Accepted(reply) | Self::Refused { reply, .. } => Some(reply),
            Self::Answered(answered) => Some(&answered.reply),
            Self::Broken { .. } | Self::Withheld { .. } | Self::Unfit(_) => None,
        }
    }

    /// What the relay calls the message that it took, if it told.
    pub fn relay_message_id(&self) -> Option<&str> {
        match self {
            Self::Answered(answered) => answered.id.as_deref(),
            _ => None,
        }
    }

    /// Whether the relay is to be left alone from now on, whatever the message: it has said so, or it does not let us in. With it,
    /// for how long at least.
    pub(crate) fn asks_for_rest(&self) -> Option<Duration> {
        match self {
            Self::Answered(answered) if answered.asks_for_rest() => Some(answered.wait.unwrap_or_default()),
            _ => None,
        }
    }

    /// Whether nobody can say if the relay has the message.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::Broken { phase, .. } => phase.leaves_doubt(),
            Self::Answered(answered) => matches!(answered.meaning, Meaning::InDoubt),
            Self::Accepted(_) | Self::Refused { .. } | Self::Withheld { .. } | Self::Unfit(_) => false,
        }
    }

    /// Whether the relay was offered the message, as far as it counts for when to try again: not where it was not reached, nor
    /// where it was we who gave up before it could have it.
    pub fn is_offer(&self) -> bool {
        match self {
            Self::Accepted(_) | Self::Refused { .. } => true,
            Self::Answered(answered) => !matches!(answered.meaning, Meaning::LockedOut | Meaning::Later(None)),
            Self::Withheld { .. } | Self::Unfit(_) => false,
            Self::Broken { phase: Phase::Connect | Phase::Tls | Phase::Auth, .. } => false,
            Self::Broken { phase, problem: Problem::Cut } => phase.leaves_doubt(),
            Self::Broken { .. } => true,
        }
    }

    /// Whether it says nothing about the message: the relay closed the connection before it had heard whom the mail is for.
    /// Relays do so after a number of messages or a while of silence, with or without a 421 (RFC 5321 §3.8).
    pub fn is_farewell(&self) -> bool {
        match self {
            Self::Refused { phase: Phase::MailFrom, reply } => reply.code == 421,
            Self::Broken { phase: Phase::MailFrom, problem } => {
                matches!(problem, Problem::Closed | Problem::Network(_))
            }
            _ => false,
        }
    }
}

fn refusal(phase: Phase, reply: &SmtpReply) -> Sign {
    let verdict = verdict::judge(reply, None);
    // RFC 5321 §3.8: 421 is the server's farewell, whatever it is an answer to. What we may send through it may be used up at any
    // moment.
    if reply.code == 421 || verdict.relay {
        return Sign::RefusesAll;
    }
    if verdict.sender {
        return Sign::RefusesSender;
    }
    if phase != Phase::MailFrom {
        return Sign::None;
    }
    // SIZE is told with MAIL FROM (RFC 1870 §6): then it is about the message.
    let is_of_message = verdict.class == verdict::Class::Content || matches!(reply.code, 552 | 555);
    // RFC 3463 §3.4: x.3.z is about the mail system. RFC 5321 §4.2.2: without a status, 451 and 452 are. RFC 4954 §6: 53z and 454 are
    // about how we have come in.
    let is_of_system = match (reply.status, reply.code) {
        (_, 454 | 530..=539) => true,
        (Some(status), _) => status.subject == 3,
        (None, code) => matches!(code, 451 | 452),
    };
    match (is_of_message, is_of_system) {
        (true, _) => Sign::None,
        (false, true) => Sign::RefusesAll,
        (false, false) => Sign::RefusesSender,
    }
}
