//! What whoever holds a mail may change: leave topics, pause, unsubscribe from everything. No personal value is shown.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use chrono::Duration;
use domain::{Actor, SubscriberId, TopicId};
use links::{Person, path};
use renderer::Catalogue;
use serde::Serialize;
use subscribers::opt_out::{self, Leave, What};
use subscribers::subscription::State as Standing;
use subscribers::{Source, access, pause, topic, tracking};

use super::Failure;
use super::door::{Door, is_test};
use super::field::Topic;
use super::posted::Posted;
use crate::WebState;
use crate::client::Client;
use crate::face::Face;
use crate::language::Language;
use crate::pages::Page;

/// The page.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Preferences {
    pub(crate) notice: Option<Notice>,
    /// The topics that the person gets now.
    pub(crate) topics: Vec<Topic>,
    /// Until when the person pauses, if at all.
    pub(crate) paused: Option<String>,
    /// Whether the person agreed to be counted.
    pub(crate) tracking: bool,
}

/// What was just done.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Notice {
    pub(crate) words: String,
    /// What undoes it.
    pub(crate) undo: Option<String>,
}

impl Notice {
    pub(super) fn plain(words: String) -> Self {
        Self { words, undo: None }
    }
}

impl Page for Preferences {
    const TEMPLATE: &'static str = "preferences";

    fn title(&self, words: &Catalogue, face: &Face) -> String {
        words.text("page.preferences.title", &[("brand", &face.name)])
    }
}

pub(super) fn routes() -> Router<WebState> {
    Router::new().route(path::PREFERENCES, get(show).post(act))
}

async fn show(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
) -> Result<Response, Failure> {
    let person = state.links.read_preferences(&token)?;
    let (door, _) = Door::of_person(&state, person, language).await?;
    let notice = is_test(person).then(|| Notice::plain(door.text("page.preferences.test", &[])));
    page(&door, person, notice).await
}

async fn act(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
    client: Client,
    body: Bytes,
) -> Result<Response, Failure> {
    state.admit(&client).map_err(Failure::Often)?;
    let person = state.links.read_preferences(&token)?;
    let (door, _) = Door::of_person(&state, person, language).await?;
    let words = if is_test(person) {
        Notice::plain(door.text("page.preferences.test", &[]))
    } else {
        change(&door, person, &Posted::read(&body), &client).await?
    };
    page(&door, person, Some(words)).await
}

/// Does what a button asks for, and says so.
async fn change(door: &Door<'_>, person: Person, posted: &Posted, client: &Client) -> Result<Notice, Failure> {
    match posted.one("act") {
        "leave" => leave(door, person, Some(topic_of(door, posted.one("topic")).await?), client).await,
        "leave-all" => leave(door, person, None, client).await,
        "undo" => undo(door, person, posted.one("undo"), client).await,
        "pause" => rest(door, person, posted.one("days")).await,
        "tracking-stop" => stop_tracking(door, person.subscriber, client).await,
        "access" => mail_link(door, person).await,
        _ => Err(Failure::Form),
    }
}

async fn leave(
    door: &Door<'_>,
    person: Person,
    topic: Option<topic::Topic>,
    client: &Client,
) -> Result<Notice, Failure> {
    let (what, words, undo) = match &topic {
        Some(topic) => {
            (What::Topic(topic.id), door.text("page.preferences.left", &[("topic", &topic.name)]), topic.id.to_string())
        }
        None => (What::Brand(door.brand.id), door.text("page.preferences.left_all", &[]), "all".to_owned()),
    };
    let actor = Actor::Subscriber(person.subscriber);
    let evidence = client.evidence();
    let leave = Leave { subscriber: person.subscriber, what, source: Source::Page, actor, evidence };
    let left = opt_out::leave(&door.state.db, &leave, door.state.now()).await?;
    Ok(Notice { words, undo: (!left.is_empty()).then_some(undo) })
}

async fn undo(door: &Door<'_>, person: Person, what: &str, client: &Client) -> Result<Notice, Failure> {
    let what = match what {
        "all" => What::Brand(door.brand.id),
        topic => What::Topic(topic_of(door, topic).await?.id),
    };
    let now = door.state.now();
    let back = opt_out::undo(&door.state.db, person.subscriber, what, &client.evidence(), now).await?;
    let key = if back.is_empty() { "page.preferences.too_late" } else { "page.preferences.undone" };
    Ok(Notice::plain(door.text(key, &[])))
}

async fn rest(door: &Door<'_>, person: Person, days: &str) -> Result<Notice, Failure> {
    let days: i64 = days.parse().ok().filter(|days| (1..=pause::LONGEST_DAYS).contains(days)).ok_or(Failure::Form)?;
    let now = door.state.now();
    let until = now + Duration::days(days);
    let actor = Actor::Subscriber(person.subscriber);
    let until = pause::set(&door.state.db, person.subscriber, door.brand.id, until, &actor, now).await?;
    Ok(Notice::plain(door.text("page.preferences.paused", &[("date", &door.date(until))])))
}

/// Counts the person no longer. To be counted is for the person alone to allow, who has the mailbox.
pub(super) async fn stop_tracking(
    door: &Door<'_>,
    subscriber: SubscriberId,
    client: &Client,
) -> Result<Notice, Failure> {
    let state = door.state;
    tracking::withdraw(&state.db, subscriber, door.brand.id, &client.evidence(), state.now()).await?;
    Ok(Notice::plain(door.text("page.preferences.tracking_stopped", &[])))
}

/// Mails the single-use link to the person's own address: whoever was forwarded the mail does not get it.
async fn mail_link(door: &Door<'_>, person: Person) -> Result<Notice, Failure> {
    if let Some(subscriber) = subscribers::find(door.state.db.reader(), person.subscriber).await? {
        access::request(&door.state.db, &subscriber.email, door.brand.id, door.state.now()).await?;
    }
    Ok(Notice::plain(door.text("page.preferences.link_sent", &[])))
}

/// The topic that a button names, if it is one of this brand's.
async fn topic_of(door: &Door<'_>, id: &str) -> Result<topic::Topic, Failure> {
    let id: TopicId = id.parse().map_err(|_| Failure::Form)?;
    let topic = topic::find(door.state.db.reader(), id).await?;
    topic.filter(|topic| topic.brand == door.brand.id).ok_or(Failure::Form)
}

async fn page(door: &Door<'_>, person: Person, notice: Option<Notice>) -> Result<Response, Failure> {
    let conn = door.state.db.reader();
    if is_test(person) {
        let topics = topic::list(conn, door.brand.id).await?.iter().map(Topic::from).collect();
        return door.page(&Preferences { notice, topics, paused: None, tracking: false });
    }
    let now = door.state.now();
    let found = subscribers::preferences(conn, person.subscriber, door.brand.id, now).await?;
    let tracking = found.as_ref().is_some_and(|found| found.tracking_allowed);
    let (choices, paused) = found.map(|found| (found.choices, found.paused_until)).unwrap_or_default();
    let current = choices.iter().filter(|choice| choice.state == Standing::Confirmed);
    let topics = current.map(|choice| Topic::from(&choice.topic)).collect();
    door.page(&Preferences { notice, topics, paused: paused.map(|until| door.date(until)), tracking })
}

#[cfg(test)]
mod tests;
