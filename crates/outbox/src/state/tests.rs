use std::fmt::Write;

use proptest::prelude::*;

use super::*;

const EVENTS: [Event; 10] = [
    Event::Submit,
    Event::Accept,
    Event::Defer,
    Event::Refuse,
    Event::Lose,
    Event::Skip,
    Event::Prove,
    Event::Resend,
    Event::GiveUp,
    Event::Retry,
];

#[test]
fn the_whole_table() {
    let mut table = String::new();
    for state in State::ALL {
        for event in EVENTS {
            let after = state.after(event).map_or("-", State::as_str);
            writeln!(table, "{:<12}{:<8}{after}", state.as_str(), format!("{event:?}")).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_state_survives_text() {
    for state in State::ALL {
        assert_eq!(state.to_string().parse(), Ok(state));
    }
    assert_eq!("claimed".parse::<State>(), Err(InvalidState("claimed".to_owned())));
}

fn life() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(prop::sample::select(EVENTS.to_vec()), 0..40)
}

proptest! {
    /// Whatever happens in whatever order: what was taken is not tried again unless a person asks.
    #[test]
    fn no_message_is_taken_twice_unless_a_person_asks(events in life()) {
        let (mut state, mut taken, mut asked) = (State::Queued, 0, 0);
        for event in events {
            let Ok(next) = state.after(event) else { continue };
            taken += u32::from(event == Event::Accept);
            asked += u32::from(event == Event::Resend);
            state = next;
        }
        prop_assert!(taken <= 1 + asked);
    }

    /// Sent, failed and skipped are ends; nobody leaves them, but a person may leave a failure.
    #[test]
    fn an_end_is_an_end(events in life()) {
        for end in [State::Sent, State::Failed, State::Skipped] {
            for event in &events {
                let asked = end == State::Failed && *event == Event::Retry;
                prop_assert_eq!(end.after(*event).is_ok(), asked);
            }
        }
    }

    /// What is skipped was never begun without having been put off since.
    #[test]
    fn what_may_be_with_a_relay_is_not_skipped(events in life()) {
        let mut state = State::Queued;
        for event in events {
            if let Ok(next) = state.after(event) {
                prop_assert!(event != Event::Skip || matches!(state, State::Queued | State::Deferred));
                state = next;
            }
        }
    }
}
