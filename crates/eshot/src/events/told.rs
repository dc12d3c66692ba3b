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

/// Since when what is next could not be told.
#[derive(Copy, Clone, Debug)]
struct Failing {
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
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build()?;
        Ok(Self { endpoint, client, failing: None })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether it may be tried by now, after what went wrong before.
    pub(crate) fn is_ready(&self, now: DateTime<Utc>) -> bool {
        // By a clock that was set back it would have to wait for longer than any pause is.
        self.failing.is_none_or(|failing| failing.again_at <= now || failing.again_at > now + LONGEST_PAUSE)
    }

    /// Tells one message. [`Untold::GivenUp`] says that the next one may be told.
    pub(crate) async fn tell(&mut self, message: &Message, now: DateTime<Utc>) -> Result<(), Untold> {
        let Err(untold) = self.post(message, now).await else {
            self.failing = None;
            return Ok(());
        };
        let failing = self.failing.unwrap_or(Failing { since: now, times: 0, again_at: now });
        if now - failing.since >= GIVE_UP {
            // The next one has a day as well, but does not wait as long as this one did in the end.
            self.failing = None;
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
