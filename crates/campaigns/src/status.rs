use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// Where a campaign stands: `draft → in_review → scheduled → launching → sending ⇄ paused → sent | cancelled`,
/// and back to sending where deliveries are sent again.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum CampaignStatus {
    /// Being written.
    Draft,
    /// Written; somebody else is asked to look at it.
    InReview,
    /// Goes out at its time.
    Scheduled,
    /// Its time has come; the audience is being written down.
    Launching,
    /// Every recipient has a delivery; they are under way.
    Sending,
    /// Held by a person: nothing of it is handed to a relay.
    Paused,
    /// No delivery of it is open any more.
    Sent,
    /// Called off; what had not gone out will not.
    Cancelled,
}

/// What can happen to a campaign.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum CampaignEvent {
    /// It was written for the first time.
    Create,
    /// Its words were changed.
    Edit,
    /// Somebody is asked to look at it.
    Submit,
    /// It was given a time.
    Schedule,
    /// Its time was taken away again, so that it can be changed.
    Unschedule,
    /// Its time came.
    Launch,
    /// The whole audience is written down.
    Launched,
    /// A person holds it.
    Pause,
    /// A person lets it go on.
    Resume,
    /// The last open delivery was settled.
    Drain,
    /// A person wants deliveries of it sent again.
    Reopen,
    /// A person called it off.
    Cancel,
    /// A test mail of it was asked for.
    Test,
}

/// Why an event cannot happen to a campaign in its state.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a campaign that is {from} cannot {}", event.passive())]
pub struct InvalidTransition {
    /// Where the campaign stands.
    pub from: CampaignStatus,
    /// What was asked of it.
    pub event: CampaignEvent,
}

impl CampaignStatus {
    /// Every status, in the order of a campaign's life.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::InReview,
        Self::Scheduled,
        Self::Launching,
        Self::Sending,
        Self::Paused,
        Self::Sent,
        Self::Cancelled,
    ];

    /// The state after `event`, or why there is none.
    pub fn after(self, event: CampaignEvent) -> Result<Self, InvalidTransition> {
        use CampaignEvent as E;
        use CampaignStatus::*;
        Ok(match (self, event) {
            // Changing a campaign under review takes it back: what was reviewed is not what it says now.
            (Draft | InReview, E::Edit) => Draft,
            (Draft, E::Submit) => InReview,
            (Draft | InReview | Scheduled, E::Schedule) => Scheduled,
            (Scheduled, E::Unschedule) => Draft,
            (Scheduled, E::Launch) => Launching,
            (Launching, E::Launched) | (Paused, E::Resume) => Sending,
            (Sending, E::Pause) => Paused,
            (Sending, E::Drain) => Sent,
            (Sent, E::Reopen) => Sending,
            (Draft | InReview | Scheduled | Launching | Sending | Paused, E::Cancel) => Cancelled,
            (any, E::Test) => any,
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }

    /// The status as the database, the API and the logs spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in_review",
            Self::Scheduled => "scheduled",
            Self::Launching => "launching",
            Self::Sending => "sending",
            Self::Paused => "paused",
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing will happen to it any more by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Sent | Self::Cancelled)
    }
}

impl CampaignEvent {
    /// Every event.
    pub const ALL: [Self; 13] = [
        Self::Create,
        Self::Edit,
        Self::Submit,
        Self::Schedule,
        Self::Unschedule,
        Self::Launch,
        Self::Launched,
        Self::Pause,
        Self::Resume,
        Self::Drain,
        Self::Reopen,
        Self::Cancel,
        Self::Test,
    ];

    /// The event as the database and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Edit => "edit",
            Self::Submit => "submit",
            Self::Schedule => "schedule",
            Self::Unschedule => "unschedule",
            Self::Launch => "launch",
            Self::Launched => "launched",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
            Self::Reopen => "reopen",
            Self::Cancel => "cancel",
            Self::Test => "test",
        }
    }

    /// What is done, to fill "a campaign that is … cannot …".
    const fn passive(self) -> &'static str {
        match self {
            Self::Create => "be created",
            Self::Edit => "be changed",
            Self::Submit => "be submitted for review",
            Self::Schedule => "be scheduled",
            Self::Unschedule => "be unscheduled",
            Self::Launch => "be launched",
            Self::Launched => "have finished its launch",
            Self::Pause => "be paused",
            Self::Resume => "be resumed",
            Self::Drain => "be finished",
            Self::Reopen => "be sent again",
            Self::Cancel => "be cancelled",
            Self::Test => "be tested",
        }
    }
}

impl fmt::Display for CampaignStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no status or no event of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no {1} of a campaign")]
pub struct InvalidStatus(String, &'static str);

impl FromStr for CampaignStatus {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or_else(|| InvalidStatus(text.to_owned(), "status"))
    }
}

impl fmt::Display for CampaignEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CampaignEvent {
    type Err = InvalidStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|it| it.as_str() == text).ok_or_else(|| InvalidStatus(text.to_owned(), "event"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for from in CampaignStatus::ALL {
            for event in CampaignEvent::ALL {
                let to = from.after(event).map_or_else(|_| "-".to_owned(), |to| to.to_string());
                table += &format!("{from:<10} {event:<10} {to}\n");
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn nothing_happens_to_what_is_over_but_a_test_mail_and_what_a_person_has_sent_again() {
        for from in CampaignStatus::ALL.into_iter().filter(|status| status.is_final()) {
            for event in CampaignEvent::ALL.into_iter().filter(|event| *event != CampaignEvent::Test) {
                let again = from == CampaignStatus::Sent && event == CampaignEvent::Reopen;
                let expected = if again { Ok(CampaignStatus::Sending) } else { Err(InvalidTransition { from, event }) };
                assert_eq!(from.after(event), expected);
            }
        }
    }

    #[test]
    fn every_status_and_event_survives_text() {
        for status in CampaignStatus::ALL {
            assert_eq!(status.to_string().parse(), Ok(status));
        }
        for event in CampaignEvent::ALL {
            assert_eq!(event.to_string().parse(), Ok(event));
        }
    }

    #[test]
    fn a_refusal_says_what_and_why() {
        let refused = CampaignStatus::Sent.after(CampaignEvent::Pause).unwrap_err();
        assert_eq!(refused.to_string(), "a campaign that is sent cannot be paused");
    }
}
