//! How one person stands to one topic.

mod store;

use std::fmt;

use sea_orm::{ActiveEnum, DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

pub(crate) use store::{Step, StepError, find, holds, of, take, take_all};

/// How a subscription stands.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = SubscriptionState)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum State {
    /// Asked for, not yet confirmed.
    Pending,
    /// Confirmed, or granted elsewhere and vouched for.
    Confirmed,
    /// Left.
    Unsubscribed,
    /// Asked for and never confirmed.
    Expired,
}

/// What happens to a subscription.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter)]
pub enum Event {
    /// Somebody asks for it on a form or through the API, with the address that they say is theirs.
    Request,
    /// The person who reads the mailbox confirms it.
    Confirm,
    /// Staff or a program names a basis on which the person may be written to, gained elsewhere.
    Vouch,
    /// The time to confirm is over.
    Expire,
    /// The person leaves.
    Leave,
    /// The person takes the leaving back, within ten minutes.
    Undo,
}

/// Why an event has no effect on a subscription in this state.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subscription that is {} does not take the event {event}", Standing(*.from))]
pub struct InvalidTransition {
    /// The state that it is in; none where there is no subscription.
    pub from: Option<State>,
    /// The event.
    pub event: Event,
}

impl State {
    /// The state after `event`, or why there is none. Coming back always begins with a new request, save for undoing; and
    /// nobody can vouch for a person who has left or has not answered when asked.
    pub fn after(from: Option<Self>, event: Event) -> Result<Self, InvalidTransition> {
        use State::{Confirmed, Expired, Pending, Unsubscribed};
        Ok(match (from, event) {
            (None | Some(Pending | Unsubscribed | Expired), Event::Request) => Pending,
            (Some(Confirmed), Event::Request | Event::Confirm | Event::Vouch) => Confirmed,
            (Some(Pending), Event::Confirm) => Confirmed,
            (None, Event::Vouch) => Confirmed,
            (Some(Pending), Event::Expire) => Expired,
            (Some(Pending | Confirmed | Unsubscribed), Event::Leave) => Unsubscribed,
            (Some(Unsubscribed), Event::Undo) => Confirmed,
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_value())
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Confirm => "confirm",
            Self::Vouch => "vouch",
            Self::Expire => "expire",
            Self::Leave => "leave",
            Self::Undo => "undo",
        })
    }
}

/// Says in words where a subscription stands, even if there is none.
struct Standing(Option<State>);

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(state) => state.fmt(f),
            None => f.write_str("not there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sea_orm::Iterable;

    use super::*;

    fn states() -> impl Iterator<Item = Option<State>> {
        std::iter::once(None).chain(State::iter().map(Some))
    }

    #[test]
    fn the_whole_table() {
        let mut table = String::new();
        for from in states() {
            for event in Event::iter() {
                let to = State::after(from, event).map_or_else(|_| "-".to_owned(), |state| state.to_string());
                table += format!("{:<12} {event:<8} {to}", Standing(from).to_string()).trim_end();
                table += "\n";
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_refusal_says_what_was_tried() {
        let refused = State::after(None, Event::Confirm).unwrap_err();
        assert_eq!(refused.to_string(), "a subscription that is not there does not take the event confirm");
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        proptest::collection::vec(proptest::sample::select(Event::iter().collect::<Vec<_>>()), 0..20)
    }

    proptest! {
        #[test]
        fn nobody_who_left_is_mailed_again_without_having_confirmed_or_undone(events in events()) {
            let mut state = None;
            let mut asked_again = true;
            for event in events {
                let before = state;
                state = State::after(state, event).ok().or(state);
                match (before, state, event) {
                    (Some(State::Confirmed | State::Pending), Some(State::Unsubscribed), _) => asked_again = false,
                    (_, Some(State::Pending), _) | (_, _, Event::Undo) => asked_again = true,
                    _ => {}
                }
                prop_assert!(state != Some(State::Confirmed) || asked_again);
            }
        }

        #[test]
        fn an_event_twice_is_the_event_once(events in events(), event in proptest::sample::select(Event::iter().collect::<Vec<_>>())) {
            let apply = |state, event| State::after(state, event).ok().or(state);
            let state = events.into_iter().fold(None, apply);
            prop_assert_eq!(apply(apply(state, event), event), apply(state, event));
        }
    }
}
