use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};

use super::{Endpoint, Message};

/// How long the other side may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long nobody is asked after a failure; twice as long after each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// At most.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);

/// What could not be told for so long never will be: others wait behind it.
const GIVE_UP: TimeDelta = TimeDelta::days(1);

/// Tells an endpoint, one message after the other.
#[derive(Debug)]
pub(crate) struct Teller {
    endpoint: Endpoint,
    client: Client,
    failing: Option<Failing>,
}

/// Since when a message could not be told.
#[derive(Clone, Debug)]
struct Failing {
    /// Another instance may have told it since, and others behind it.
    message: String,
    since: DateTime<Utc>,
    times: u32,
    again_at: DateTime<Utc>,
}

/// Why somebody was not told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    #[error("the program that is told of events answered {0}")]
    Refused(StatusCode),
    // The address may hold a secret.
    #[error("the program that is told of events cannot be reached")]
    Network(#[source] reqwest::Error),
    /// And that for so long that it is not tried again.
    #[error("{message} could not be told within a day and is left out")]
    GivenUp {
        message: String,
        #[source]
        last: Box<Self>,
    },
}

impl Teller {
    pub(crate) fn new(endpoint: Endpoint) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { endpoint, client, failing: None })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether it may be tried by now, after what went wrong before.
    pub(crate) fn is_ready(&self, now: DateTime<Utc>) -> bool {
        // By a clock that was set back it would have to wait for longer than any pause is.
        self.failing.as_ref().is_none_or(|failing| failing.again_at <= now || failing.again_at > now + LONGEST_PAUSE)
    }

    /// Tells one message. [`Untold::GivenUp`] says that the next one may be told.
    pub(crate) async fn tell(&mut self, message: &Message, now: DateTime<Utc>) -> Result<(), Untold> {
        let Err(untold) = self.post(message, now).await else {
            self.failing = None;
            return Ok(());
        };
        let new = || Failing { message: message.id.clone(), since: now, times: 0, again_at: now };
        let failing = self.failing.take().filter(|failing| failing.message == message.id).unwrap_or_else(new);
        if now - failing.since >= GIVE_UP {
            return Err(Untold::GivenUp { message: message.id.clone(), last: Box::new(untold) });
        }
        let pause = FIRST_PAUSE * 2_i32.pow(failing.times.min(10));
        self.failing = Some(Failing { times: failing.times + 1, again_at: now + pause.min(LONGEST_PAUSE), ..failing });
        Err(untold)
    }

    async fn post(&self, message: &Message, now: DateTime<Utc>) -> Result<(), Untold> {
        let request = self
            .client
            .post(self.endpoint.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", now.timestamp())
            .header("webhook-signature", self.endpoint.signature(message, now))
            .body(message.body.clone());
        let answer = request.send().await.map_err(|error| Untold::Network(error.without_url()))?;
        // What else it says is nobody's concern, and is not read.
        if answer.status().is_success() { Ok(()) } else { Err(Untold::Refused(answer.status())) }
    }
}

#[cfg(test)]
mod tests {
    use testkit::http::{HttpAnswer, HttpSink};

    use super::*;
    use crate::config::Events;

    async fn teller(sink: &HttpSink) -> Teller {
        let url = format!("http://{}/", sink.address()).into();
        let secret = super::super::new_secret().unwrap().into();
        let events = Events { url, secret, kinds: vec![activity::Kind::Sent] };
        Teller::new(Endpoint::of(&events).unwrap().unwrap()).unwrap()
    }

    fn message(id: &str) -> Message {
        Message { id: id.to_owned(), body: "{}".to_owned() }
    }

    #[tokio::test]
    async fn pauses_double_up_to_ten_minutes_and_a_message_is_given_up_after_a_day_of_its_own() {
        let sink = HttpSink::start(HttpAnswer::new(503, "")).await;
        let mut teller = teller(&sink).await;
        let begun = DateTime::UNIX_EPOCH;
        let mut now = begun;
        let mut pauses = Vec::new();
        let given_up = loop {
            match teller.tell(&message("evt_1"), now).await.unwrap_err() {
                Untold::GivenUp { message, .. } => break message,
                Untold::Refused(status) => assert_eq!(status, 503),
                error => panic!("{error}"),
            }
            let failed_at = now;
            while !teller.is_ready(now) {
                now += TimeDelta::seconds(5);
            }
            pauses.push((now - failed_at).num_seconds());
        };
        assert_eq!(given_up, "evt_1");
        assert_eq!(pauses[..9], [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        assert!(now - begun >= GIVE_UP && now - begun < GIVE_UP + LONGEST_PAUSE);

        assert!(matches!(teller.tell(&message("evt_2"), now).await, Err(Untold::Refused(_))), "it has a day, too");
        // Another instance has told it meanwhile, and this one comes back to what is next.
        now += GIVE_UP * 3;
        assert!(matches!(teller.tell(&message("evt_3"), now).await, Err(Untold::Refused(_))));
        sink.answer_with(HttpAnswer::new(200, ""));
        teller.tell(&message("evt_3"), now).await.unwrap();
        assert!(teller.is_ready(now));
    }

    #[tokio::test]
    async fn by_a_clock_that_was_set_back_nobody_waits_longer_than_a_pause_is() {
        let sink = HttpSink::start(HttpAnswer::new(500, "")).await;
        let mut teller = teller(&sink).await;
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(9);
        teller.tell(&message("evt_1"), now).await.unwrap_err();
        assert!(!teller.is_ready(now));
        assert!(teller.is_ready(now - TimeDelta::days(1)));
    }
}
