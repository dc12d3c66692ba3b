use std::fmt;

use sea_orm::{ActiveEnum, DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// Why an address may not be mailed.
#[derive(
    Copy,
    Clone,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[schema(as = SuppressionReason)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Reason {
    /// The mailbox is gone.
    Hard,
    /// The domain is gone.
    DomainGone,
    /// Too many soft failures without a success.
    Soft,
    /// The person called our mail spam.
    Complaint,
    /// The person had their data erased.
    Erased,
    /// Staff said so.
    Manual,
    /// It stood on a list that was imported.
    Imported,
}

/// Who would like a suppression lifted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Lifter<'a> {
    /// The person, by a double opt-in that was begun and confirmed now.
    OptIn,
    /// Staff, a program of theirs or the operator, with the reason if they gave one.
    Staff(Option<&'a str>),
    /// An import.
    Import,
}

/// Why a suppression stays.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unliftable {
    /// Staff may, but must say why.
    #[error("a suppression for {0} is lifted only with a reason")]
    WithoutReason(Reason),
    /// Not by these.
    #[error("a suppression for {0} is not lifted this way")]
    NotByThem(Reason),
}

/// How far a suppression reaches.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every brand, always.
    EveryBrand,
    /// One brand, always.
    OneBrand,
    /// As whoever makes it says.
    AsSaid,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] =
        [Self::Hard, Self::DomainGone, Self::Soft, Self::Complaint, Self::Erased, Self::Manual, Self::Imported];

    /// How far a suppression for this reason reaches.
    pub const fn reach(self) -> Reach {
        match self {
            Self::Hard | Self::DomainGone | Self::Soft | Self::Erased => Reach::EveryBrand,
            Self::Complaint => Reach::OneBrand,
            Self::Manual | Self::Imported => Reach::AsSaid,
        }
    }

    /// Whether it is concluded from messages that failed.
    pub const fn is_of_failures(self) -> bool {
        matches!(self, Self::Hard | Self::DomainGone | Self::Soft)
    }

    /// Whether `by` may lift a suppression for this reason.
    pub fn lifted_by(self, by: Lifter<'_>) -> Result<(), Unliftable> {
        let reasoned = |why: Option<&str>| why.is_some_and(|why| !why.trim().is_empty());
        match (self, by) {
            (Self::Hard | Self::DomainGone | Self::Soft | Self::Erased, Lifter::OptIn) => Ok(()),
            (Self::Soft | Self::Manual | Self::Imported, Lifter::Staff(_)) => Ok(()),
            (Self::Hard | Self::DomainGone | Self::Complaint, Lifter::Staff(why)) if reasoned(why) => Ok(()),
            (Self::Hard | Self::DomainGone | Self::Complaint, Lifter::Staff(_)) => Err(Unliftable::WithoutReason(self)),
            // An erased person comes back by themselves or not at all; nobody is brought back by a list.
            (Self::Erased, Lifter::Staff(_))
            | (Self::Complaint | Self::Manual | Self::Imported, Lifter::OptIn)
            | (_, Lifter::Import) => Err(Unliftable::NotByThem(self)),
        }
    }

    /// The reasons whose suppressions a double opt-in lifts.
    pub fn lifted_by_opt_in() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|reason| reason.lifted_by(Lifter::OptIn).is_ok())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_value())
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    use super::*;

    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for reason in Reason::iter() {
            let answer = |by| match reason.lifted_by(by) {
                Ok(()) => "yes",
                Err(Unliftable::WithoutReason(_)) => "with a reason",
                Err(Unliftable::NotByThem(_)) => "no",
            };
            let reach = format!("{:?}", reason.reach());
            table += &format!(
                "{:<12} {reach:<11} opt-in: {:<4} staff: {:<14} staff with a reason: {:<4} import: {}\n",
                reason.to_string(),
                answer(Lifter::OptIn),
                answer(Lifter::Staff(Some(" "))),
                answer(Lifter::Staff(Some("the provider confirmed that the mailbox is back"))),
                answer(Lifter::Import),
            );
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn all_is_all() {
        assert_eq!(Reason::ALL.to_vec(), Reason::iter().collect::<Vec<_>>());
    }
}
