use chrono::{DateTime, Utc};
use domain::{DeliveryKey, MailboxProvider, SubscriberId};
use verdict::{Class, Verdict};

use crate::{DeliveryReport, Effect, Recipient, Standing};

/// What a returned mail changes, and why.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) standing: Standing,
    /// The reason, where no verdict gives one.
    pub(super) why: &'static str,
    pub(super) delivery: Option<DeliveryKey>,
    pub(super) subscriber: Option<SubscriberId>,
    pub(super) verdict: Option<Verdict>,
    /// The words to keep, where no verdict has any.
    pub(super) said: Option<String>,
    /// Whether the person was erased: their address must not come back with a mail.
    pub(super) forgets: bool,
    /// The provider that refused us, and whether it is paused now.
    pub(super) refused_by: Option<(MailboxProvider, bool)>,
    /// What it did to whom it is about.
    pub(super) effect: Option<Effect>,
    /// When it is looked whether a signature proves what no token does.
    pub(super) look_at: Option<DateTime<Utc>>,
}

impl Decision {
    pub(super) const fn new(standing: Standing, why: &'static str) -> Self {
        Self {
            standing,
            why,
            delivery: None,
            subscriber: None,
            verdict: None,
            said: None,
            forgets: false,
            refused_by: None,
            effect: None,
            look_at: None,
        }
    }

    pub(super) fn rule(&self) -> &str {
        self.verdict.as_ref().map_or(self.why, |verdict| &verdict.rule)
    }

    pub(super) fn words(&self) -> Option<&str> {
        self.verdict.as_ref().map(|verdict| verdict.words.as_str()).or(self.said.as_deref())
    }

    /// Says in the log what was done; called once it is committed.
    pub(super) fn tell(&self) {
        let delivery = self.delivery.map(|key| key.to_string());
        match (&self.verdict, &self.refused_by) {
            (Some(verdict), Some((provider, paused))) => tracing::error!(
                delivery.id = delivery,
                provider = %provider,
                paused,
                verdict.rule = verdict.rule,
                verdict.words = verdict.words,
                "{provider} refuses our mail; this is ours to mend, no subscriber was touched"
            ),
            (Some(verdict), None) if verdict.class == Class::Content => tracing::error!(
                delivery.id = delivery,
                verdict.rule = verdict.rule,
                verdict.words = verdict.words,
                "a message was refused for its content; its campaign needs a look"
            ),
            (Some(verdict), None) => tracing::info!(
                delivery.id = delivery,
                verdict.class = verdict.class.as_str(),
                verdict.rule = verdict.rule,
                "a message came back"
            ),
            (None, _) if self.standing == Standing::Refused => {
                tracing::warn!(delivery.id = delivery, why = self.why, "a returned mail is not believed");
            }
            (None, _) => tracing::info!(delivery.id = delivery, why = self.why, "a returned mail was kept"),
        }
    }
}

/// The recipient of a report whom our message was for: the one with the address, else whoever stands behind it.
///
/// A forwarder reports about people whom we never wrote to. Where it names several, the least that any of them suffered
/// counts, because one of them may read our mail.
pub(super) fn failed<'a>(
    report: &'a DeliveryReport,
    ours: Option<&str>,
    judge: impl Fn(&Recipient) -> Verdict,
) -> Option<(&'a Recipient, Verdict)> {
    let is_ours = |recipient: &&Recipient| {
        let named = [&recipient.original, &recipient.address];
        named.into_iter().flatten().any(|address| Some(address.as_str()) == ours)
    };
    let named: Vec<&Recipient> = report.recipients.iter().filter(is_ours).collect();
    let asked: Vec<&Recipient> = if named.is_empty() { report.recipients.iter().collect() } else { named };
    if asked.iter().any(|recipient| recipient.action != crate::Action::Failed) {
        return None;
    }
    asked.into_iter().map(|recipient| (recipient, judge(recipient))).max_by_key(|(_, verdict)| verdict.class)
}
