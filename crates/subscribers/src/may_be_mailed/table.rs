use domain::MailKind;

use crate::suppression::Reason;

/// What a kind of mail needs, and what bars it.
pub(crate) struct Rule {
    /// Without this there is no reason to write.
    pub(crate) needs: Need,
    /// Suppressions that bar it. Those of other brands never do.
    pub(crate) bars: &'static [Reason],
    /// Whether a pause bars it.
    pub(crate) pause_bars: bool,
    /// Whether an address gets it, or its like, once a day at most. Asked when the mail is queued.
    pub(crate) once_a_day: bool,
}

/// Why there is something to write.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A subscription that holds: to the topic, or to any of the brand's where the mail is about none.
    Subscription,
    /// A request that can still be confirmed.
    PendingRequest,
    /// Being on file.
    Person,
    /// Nothing: staff write to themselves.
    Nothing,
}

/// Who cannot be reached.
const GONE: &[Reason] = &[Reason::Hard, Reason::DomainGone];

/// The one table of who may get which mail.
pub(crate) const fn rule(kind: MailKind) -> Rule {
    match kind {
        MailKind::Campaign => {
            Rule { needs: Need::Subscription, bars: &Reason::ALL, pause_bars: true, once_a_day: false }
        }
        // Barred by so little, because a fresh double opt-in is what lifts the other suppressions.
        MailKind::Confirmation | MailKind::Reminder => Rule {
            needs: Need::PendingRequest,
            bars: &[Reason::Complaint, Reason::Hard, Reason::DomainGone],
            pause_bars: false,
            once_a_day: true,
        },
        MailKind::Welcome => {
            Rule { needs: Need::Subscription, bars: &Reason::ALL, pause_bars: false, once_a_day: false }
        }
        // Whoever complained or was suppressed may still see and erase what is kept about them.
        MailKind::Access => Rule { needs: Need::Person, bars: GONE, pause_bars: false, once_a_day: false },
        MailKind::Test | MailKind::Alert => {
            Rule { needs: Need::Nothing, bars: &[], pause_bars: false, once_a_day: false }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for kind in MailKind::ALL {
            let Rule { needs, bars, pause_bars, once_a_day } = rule(kind);
            let bars: Vec<String> = bars.iter().map(Reason::to_string).collect();
            let needs = format!("{needs:?}");
            table += &format!(
                "{:<12} needs {needs:<14} pause bars: {pause_bars:<5} once a day: {once_a_day:<5} barred by: {}\n",
                kind.to_string(),
                bars.join(", ")
            );
        }
        insta::assert_snapshot!(table);
    }
}
