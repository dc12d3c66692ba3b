//! From what share on failures are too many: the one table, and the window that it is asked of.

use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// How many attempts are looked back on.
pub const WINDOW: usize = 200;

/// How many there must be before anything is concluded.
pub const ENOUGH: u32 = 50;

/// Of how many messages at least complaints are told: so few complain that of fewer each of them would be too many.
const MANY: u32 = 1_000;

/// Of so many attempts, so many failed in one way.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Share {
    /// How many failed.
    pub count: u32,
    /// Of how many.
    pub of: u32,
}

/// How attempts fail.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum Cause {
    /// A provider refuses us for what we are: policy or reputation.
    Refusals,
    /// Mailboxes are not there.
    HardBounces,
    /// Recipients complain.
    Complaints,
    /// The template makes no message for them.
    Unfit,
    /// Servers refuse the message for what it says.
    Content,
}

/// What a share asks for.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum Level {
    /// That somebody looks.
    Warning,
    /// That no more is sent until somebody has looked.
    Pause,
}

/// Why a text is no cause or no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no {1} of an alert")]
pub struct InvalidShare(String, &'static str);

impl Share {
    /// The share of the last attempts, told the newest first; what is behind the window is not looked at.
    pub fn of_last(failed: impl IntoIterator<Item = bool>) -> Self {
        failed
            .into_iter()
            .take(WINDOW)
            .fold(Self::default(), |share, failed| Self { count: share.count + u32::from(failed), of: share.of + 1 })
    }

    /// Whether it is past so many in a thousand.
    const fn is_past(self, per_mille: u32) -> bool {
        self.count as u64 * 1_000 > self.of as u64 * per_mille as u64
    }
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 5] = [Self::Refusals, Self::HardBounces, Self::Complaints, Self::Unfit, Self::Content];

    /// Past how many in a thousand it asks for a look, and for a pause.
    const fn per_mille(self) -> (Option<u32>, u32) {
        match self {
            // Whoever refuses one in twenty is left alone; there is nobody to ask first.
            Self::Refusals => (None, 50),
            Self::HardBounces | Self::Unfit | Self::Content => (Some(20), 50),
            Self::Complaints => (Some(1), 3),
        }
    }

    /// What this share of it asks for, if anything.
    ///
    /// Fewer than 50 attempts say nothing. Complaints are told of a thousand at least: of fewer, two are a reason to look
    /// and four one to stop, and one speaks for nobody else.
    pub fn judge(self, share: Share) -> Option<Level> {
        let share = match self {
            Self::Complaints => Share { of: share.of.max(MANY), ..share },
            _ if share.of < ENOUGH => return None,
            _ => share,
        };
        let (look, stop) = self.per_mille();
        if share.is_past(stop) {
            Some(Level::Pause)
        } else {
            look.filter(|look| share.is_past(*look)).map(|_| Level::Warning)
        }
    }

    /// What this share asks for while nobody has looked at it yet. That one server refuses the message for what it says is enough to have
    /// it read before all others get it; who has read it and lets it go on is asked again when a share of them does.
    pub fn judge_first(self, share: Share) -> Option<Level> {
        if self == Self::Content && share.count > 0 { Some(Level::Pause) } else { self.judge(share) }
    }

    /// Whether a day with this share of it is none by which a relay is warmed up: more than one refusal in fifty attempts. It is seen
    /// long before anything is to be stopped.
    pub fn freezes(self, share: Share) -> bool {
        self == Self::Refusals && share.of >= ENOUGH && share.is_past(20)
    }

    /// The cause as the database and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refusals => "refusals",
            Self::HardBounces => "hard_bounces",
            Self::Complaints => "complaints",
            Self::Unfit => "unfit",
            Self::Content => "content",
        }
    }
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 2] = [Self::Warning, Self::Pause];

    /// The level as the database and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Pause => "pause",
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.count, self.of)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Cause {
    type Err = InvalidShare;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or_else(|| InvalidShare(text.to_owned(), "cause"))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = InvalidShare;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or_else(|| InvalidShare(text.to_owned(), "level"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_with_more_than_one_refusal_in_fifty_is_none_to_grow_by() {
        for (count, of, freezes) in [(1, 49, false), (1, 50, false), (2, 50, true), (4, 200, false), (5, 200, true)] {
            assert_eq!(Cause::Refusals.freezes(Share { count, of }), freezes, "{count} of {of}");
        }
        assert!(!Cause::HardBounces.freezes(Share { count: 50, of: 50 }));
    }

    #[test]
    fn the_whole_table() {
        use Cause::*;
        use Level::*;
        for (cause, count, of, asked) in [
            (Refusals, 10, 200, None),
            (Refusals, 11, 200, Some(Pause)),
            (Refusals, 2, 50, None),
            (Refusals, 3, 50, Some(Pause)),
            (Refusals, 49, 49, None),
            (HardBounces, 4, 200, None),
            (HardBounces, 5, 200, Some(Warning)),
            (HardBounces, 10, 200, Some(Warning)),
            (HardBounces, 11, 200, Some(Pause)),
            (HardBounces, 1, 50, None),
            (HardBounces, 2, 50, Some(Warning)),
            (HardBounces, 49, 49, None),
            (Unfit, 5, 200, Some(Warning)),
            (Unfit, 11, 200, Some(Pause)),
            (Content, 1, 200, None),
            (Content, 5, 200, Some(Warning)),
            (Content, 11, 200, Some(Pause)),
            (Complaints, 1, 10, None),
            (Complaints, 1, 1_000, None),
            (Complaints, 2, 60, Some(Warning)),
            (Complaints, 3, 60, Some(Warning)),
            (Complaints, 4, 60, Some(Pause)),
            (Complaints, 10, 10_000, None),
            (Complaints, 11, 10_000, Some(Warning)),
            (Complaints, 30, 10_000, Some(Warning)),
            (Complaints, 31, 10_000, Some(Pause)),
        ] {
            assert_eq!(cause.judge(Share { count, of }), asked, "{cause}: {count} of {of}");
        }
    }

    #[test]
    fn of_what_nobody_has_looked_at_one_refusal_for_what_it_says_is_enough() {
        for cause in Cause::ALL {
            let stops = cause.judge_first(Share { count: 1, of: 1 }) == Some(Level::Pause);
            assert_eq!(stops, cause == Cause::Content, "{cause}");
            assert_eq!(cause.judge_first(Share { count: 0, of: 200 }), None, "{cause}");
        }
    }

    #[test]
    fn causes_and_levels_survive_text() {
        for cause in Cause::ALL {
            assert_eq!(cause.to_string().parse(), Ok(cause));
        }
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
    }

    proptest! {
        #[test]
        fn only_the_last_two_hundred_count(failed in prop::collection::vec(any::<bool>(), 0..500)) {
            let share = Share::of_last(failed.iter().copied());
            let last = &failed[..failed.len().min(200)];
            prop_assert_eq!(share.of as usize, last.len());
            prop_assert_eq!(share.count as usize, last.iter().filter(|failed| **failed).count());
        }

        #[test]
        fn one_more_that_failed_never_asks_for_less(cause in prop::sample::select(Cause::ALL.to_vec()),
                                                    count in 0_u32..300, more in 0_u32..300) {
            let of = count + more + 1;
            let (fewer, more) = (cause.judge(Share { count, of }), cause.judge(Share { count: count + 1, of }));
            prop_assert!(fewer <= more);
        }

        #[test]
        fn nothing_that_failed_asks_for_nothing(cause in prop::sample::select(Cause::ALL.to_vec()), of in 0_u32..10_000) {
            prop_assert_eq!(cause.judge(Share { count: 0, of }), None);
        }

        #[test]
        fn one_person_stops_nobody(of in 1_u32..10_000) {
            prop_assert_eq!(Cause::Complaints.judge(Share { count: 1, of }), None);
        }
    }
}
