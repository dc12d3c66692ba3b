use chrono::{DateTime, Utc};
use domain::MailboxProvider;
use outbox::{Answer, Outcome, Phase, Submitted};
use verdict::{Class, Verdict};

use crate::connection::{Ended, Problem, Sign};
use crate::retry::Ladder;
use crate::service::{Answered, Meaning};

/// What the end of a dialogue means for its delivery.
pub(crate) struct Judgement {
    pub(crate) answer: Answer,
    /// What the relay's refusal says, if it refused.
    pub(crate) verdict: Option<Verdict>,
}

/// One attempt, as far as it is known when it ends.
pub(crate) struct Attempt<'a> {
    pub(crate) submitted: Submitted,
    pub(crate) lane: &'a MailboxProvider,
    pub(crate) relay: &'a str,
    /// Whether another relay gets this mail where this one does not take it.
    pub(crate) has_another: bool,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) answered_at: DateTime<Utc>,
}

/// Before the recipient is named nothing is said of them, nor of who keeps their mailbox, whatever the words: it is about whom the mail
/// is from, and where. Nor does a provider pay for what our relay says of the sender.
fn of_us(phase: Phase, verdict: Verdict) -> Verdict {
    let is_before = phase < Phase::RcptTo;
    let of_recipient = matches!(verdict.class, Class::Hard | Class::LikelyGone | Class::DomainGone);
    let class = if is_before && of_recipient { Class::Block } else { verdict.class };
    match is_before || verdict.sender {
        true => Verdict { class, pause: None, slow: false, ..verdict },
        false => verdict,
    }
}

impl Attempt<'_> {
    /// Decides between sent, later, never and nobody knows.
    pub(crate) fn judge(&self, ended: &Ended, ladder: &Ladder) -> Judgement {
        let verdict = match ended {
            Ended::Refused { phase, reply } => Some(of_us(*phase, verdict::judge(reply, Some(self.lane)))),
            Ended::Answered(answered) => answered.verdict(),
            _ => None,
        };
        let outcome = match ended {
            Ended::Accepted(_) => Outcome::Sent,
            Ended::Refused { reply, .. }
                if reply.is_permanent()
                    && !verdict.as_ref().is_some_and(|verdict| verdict.again)
                    && !self.may_yet_be_taken(ended) =>
            {
                Outcome::Failed
            }
            Ended::Unfit(_) => Outcome::Failed,
            Ended::Answered(answered) => self.answered(answered, ladder),
            ended if ended.leaves_doubt() => Outcome::InDoubt,
            // The relay has nothing, and not for its own doing: whoever has the right may send it at once.
            Ended::Withheld { .. } | Ended::Broken { problem: Problem::Cut, .. } => {
                Outcome::Deferred { until: self.answered_at }
            }
            Ended::Refused { reply, .. } => self.later(ladder, &reply.text),
            Ended::Broken { .. } => self.later(ladder, ""),
        };
        let rule = match ended {
            Ended::Unfit(_) => Some("unfit".to_owned()),
            Ended::Withheld { .. } => Some("withheld".to_owned()),
            Ended::Answered(answered) => answered.rule(),
            _ => verdict.as_ref().map(|verdict| verdict.rule.clone()),
        };
        let answer = Answer {
            key: self.submitted.key,
            attempt: self.submitted.attempt,
            outcome,
            relay: self.relay.to_owned(),
            phase: ended.phase(),
            offered: ended.is_offer(),
            reply: ended.reply().cloned(),
            relay_message_id: ended.relay_message_id().map(str::to_owned),
            class: verdict.as_ref().map(|verdict| verdict.class.to_string()),
            rule,
            started_at: self.started_at,
            answered_at: self.answered_at,
        };
        Judgement { answer, verdict }
    }

    /// Whether a refusal is not about the message: of its sender, which another relay may take, and this one once somebody has seen to
    /// it; or for reasons of the relay's own, where there is another.
    fn may_yet_be_taken(&self, ended: &Ended) -> bool {
        match ended.sign() {
            Sign::RefusesSender => true,
            Sign::RefusesAll => self.has_another,
            _ => false,
        }
    }

    fn answered(&self, answered: &Answered, ladder: &Ladder) -> Outcome {
        match answered.meaning {
            Meaning::Taken => Outcome::Sent,
            Meaning::Refused(_) => Outcome::Failed,
            Meaning::InDoubt => Outcome::InDoubt,
            Meaning::Later(_) | Meaning::SenderRefused | Meaning::LockedOut => {
                let wait = answered.wait.map(|wait| format!("retry after {} seconds", wait.as_secs()));
                self.later(ladder, &wait.unwrap_or_default())
            }
        }
    }

    fn later(&self, ladder: &Ladder, words: &str) -> Outcome {
        match ladder.after(self.submitted.key, self.submitted.tries, words) {
            Some(wait) => Outcome::Deferred { until: self.answered_at + wait },
            None => Outcome::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::{DeliveryKey, MailingNo, Ordinal};

    use super::*;
    use crate::connection::Unfit;

    fn judged(ended: &Ended, tries: i32) -> Judgement {
        judged_with(ended, tries, false)
    }

    fn judged_with(ended: &Ended, tries: i32, has_another: bool) -> Judgement {
        let submitted = Submitted { key: DeliveryKey::new(MailingNo(1), Ordinal(1)), attempt: tries + 100, tries };
        let at = DateTime::from_timestamp(1_772_442_000, 0).unwrap();
        let lane = MailboxProvider::other();
        let attempt =
            Attempt { submitted, lane: &lane, relay: "relay:25", has_another, started_at: at, answered_at: at };
        attempt.judge(ended, &Ladder::default())
    }

    fn refused(phase: Phase, reply: &str) -> Ended {
        Ended::Refused { phase, reply: reply.parse().unwrap() }
    }

    fn broken(phase: Phase) -> Ended {
        Ended::Broken { phase, problem: Problem::Closed }
    }

    #[test]
    fn each_end_has_one_meaning() {
        let meaning = |ended: &Ended, attempt| match judged(ended, attempt).answer.outcome {
            Outcome::Sent => "sent",
            Outcome::Deferred { .. } => "later",
            Outcome::Failed => "never",
            Outcome::InDoubt => "nobody knows",
        };
        for (ended, attempt, expected) in [
            (Ended::Accepted("250 ok".parse().unwrap()), 1, "sent"),
            (refused(Phase::RcptTo, "450 4.2.0 later"), 1, "later"),
            (refused(Phase::Dot, "451 4.3.0 later"), 3, "later"),
            (refused(Phase::RcptTo, "450 4.2.0 later"), 99, "never"),
            (refused(Phase::RcptTo, "550 5.1.1 unknown"), 1, "never"),
            (refused(Phase::Dot, "554 5.7.1 spam"), 1, "never"),
            (refused(Phase::Dot, "550 5.4.5 Daily user sending limit exceeded"), 1, "later"),
            (refused(Phase::Dot, "550 5.4.5 Daily user sending limit exceeded"), 99, "never"),
            (broken(Phase::MailFrom), 1, "later"),
            (broken(Phase::Body), 1, "later"),
            (broken(Phase::Body), 99, "never"),
            (broken(Phase::Dot), 1, "nobody knows"),
            (broken(Phase::Dot), 99, "nobody knows"),
            (Ended::Withheld { phase: Phase::Body }, 99, "later"),
            (Ended::Unfit(Unfit::NeedsSmtpUtf8), 1, "never"),
        ] {
            assert_eq!(meaning(&ended, attempt), expected, "{ended:?} at try {attempt}");
        }
    }

    #[test]
    fn what_was_withheld_may_be_sent_at_once_and_what_was_put_off_not_before_minutes() {
        let until = |ended| match judged(&ended, 1).answer.outcome {
            Outcome::Deferred { until } => until - judged(&ended, 1).answer.answered_at,
            other => panic!("{other:?}"),
        };
        assert_eq!(until(Ended::Withheld { phase: Phase::MailFrom }), TimeDelta::zero());
        assert_eq!(until(Ended::Broken { phase: Phase::Data, problem: Problem::Cut }), TimeDelta::zero());
        assert!(until(refused(Phase::RcptTo, "450 4.2.0 later")) > TimeDelta::minutes(4));
    }

    #[test]
    fn only_what_a_relay_was_offered_counts_as_a_try() {
        for (ended, counts) in [
            (Ended::Accepted("250 ok".parse().unwrap()), true),
            (refused(Phase::MailFrom, "450 4.2.0 later"), true),
            (broken(Phase::MailFrom), true),
            (broken(Phase::Connect), false),
            (Ended::Withheld { phase: Phase::Body }, false),
            (Ended::Broken { phase: Phase::RcptTo, problem: Problem::Cut }, false),
            (Ended::Broken { phase: Phase::Dot, problem: Problem::Cut }, true),
        ] {
            assert_eq!(judged(&ended, 1).answer.offered, counts, "{ended:?}");
        }
    }

    #[test]
    fn a_refusal_of_the_sender_is_not_final_and_one_of_us_all_is_where_there_is_no_other_relay() {
        for (ended, with_another, alone) in [
            (
                refused(Phase::MailFrom, "553 5.7.1 sender address rejected: not owned by user acme"),
                "deferred",
                "deferred",
            ),
            (refused(Phase::MailFrom, "550 no"), "deferred", "deferred"),
            (
                refused(Phase::RcptTo, "553 5.7.1 <a@b.example>: Sender address rejected: not owned by user acme"),
                "deferred",
                "deferred",
            ),
            (
                refused(Phase::Dot, "554 5.2.252 SendAsDenied; acme@example.com not allowed to send as"),
                "deferred",
                "deferred",
            ),
            (refused(Phase::MailFrom, "530 5.7.0 authentication required"), "deferred", "failed"),
            (refused(Phase::MailFrom, "552 5.3.4 message size exceeds fixed limit"), "failed", "failed"),
            (refused(Phase::RcptTo, "550 5.1.1 unknown"), "failed", "failed"),
            (refused(Phase::Dot, "554 5.7.1 spam"), "failed", "failed"),
        ] {
            assert_eq!(judged_with(&ended, 1, true).answer.outcome.as_str(), with_another, "{ended:?}");
            assert_eq!(judged_with(&ended, 99, true).answer.outcome.as_str(), "failed", "{ended:?}");
            assert_eq!(judged_with(&ended, 1, false).answer.outcome.as_str(), alone, "{ended:?}");
        }
    }

    #[test]
    fn no_provider_pays_for_what_our_relay_says_of_the_sender() {
        for (phase, reply, pays) in [
            (Phase::RcptTo, "550 5.7.1 blocked, poor reputation", true),
            (Phase::MailFrom, "550 5.7.1 blocked, poor reputation", false),
            (Phase::RcptTo, "554 5.7.1 <a@b.example>: Sender address rejected: Access denied", false),
        ] {
            let verdict = judged(&refused(phase, reply), 1).verdict.unwrap();
            assert_eq!((verdict.class, verdict.pause.is_some()), (Class::Block, pays), "{reply}");
        }
    }

    #[test]
    fn what_is_said_before_the_recipient_is_named_is_not_said_of_them() {
        for (phase, class) in [(Phase::MailFrom, "block"), (Phase::RcptTo, "hard"), (Phase::Dot, "hard")] {
            let judgement = judged(&refused(phase, "550 5.1.1 <ada@example.org>: user unknown"), 1);
            assert_eq!(judgement.answer.class.as_deref(), Some(class), "{phase}");
        }
    }

    #[test]
    fn what_a_service_answers_counts_as_a_try_unless_it_takes_nothing_from_us_now() {
        let wait = Some(std::time::Duration::from_secs(7_200));
        let answer = |meaning| {
            let reply = "429 slowly".parse().unwrap();
            Ended::Answered(Box::new(Answered { reply, id: Some("m-1".to_owned()), meaning, rule: "http.any", wait }))
        };
        for (meaning, outcome, offered, phase, class) in [
            (Meaning::Taken, "sent", true, Phase::Dot, None),
            (Meaning::Refused(Class::Hard), "failed", true, Phase::Dot, Some("hard")),
            (Meaning::Later(Some(Class::Block)), "deferred", true, Phase::Dot, Some("block")),
            (Meaning::SenderRefused, "deferred", true, Phase::Dot, Some("block")),
            (Meaning::Later(None), "deferred", false, Phase::Dot, None),
            (Meaning::LockedOut, "deferred", false, Phase::Auth, None),
            (Meaning::InDoubt, "in_doubt", true, Phase::Dot, None),
        ] {
            let Answer { outcome: found, answered_at, .. } = judged(&answer(meaning), 1).answer;
            let told = judged(&answer(meaning), 1).answer;
            assert_eq!((found.as_str(), told.offered, told.phase), (outcome, offered, phase), "{meaning:?}");
            assert_eq!(told.class.as_deref(), class, "{meaning:?}");
            if let Outcome::Deferred { until } = found {
                assert_eq!(until - answered_at, TimeDelta::hours(2), "as it has asked for");
            }
        }
        assert_eq!(judged(&answer(Meaning::Taken), 1).answer.relay_message_id.as_deref(), Some("m-1"));
    }

    #[test]
    fn a_refusal_carries_its_verdict() {
        let judgement = judged(&refused(Phase::RcptTo, "550 5.1.1 no such user"), 1);
        assert_eq!(judgement.answer.class.as_deref(), Some("hard"));
        assert!(judgement.answer.rule.is_some());
        assert_eq!(judgement.verdict.unwrap().class, verdict::Class::Hard);
        assert!(judged(&broken(Phase::Data), 1).verdict.is_none());
    }
}
