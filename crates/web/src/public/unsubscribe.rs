//! Leaving, from a link in a mail's footer or by a mail program's own button (RFC 8058).

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Actor;
use links::{Person, Refused, path};
use renderer::Catalogue;
use serde::Serialize;
use subscribers::opt_out::{self, Leave, What};
use subscribers::{Source, topic::Topic};

use super::door::{Door, is_test};
use super::message::Message;
use super::posted::Posted;
use super::{Failure, one_click};
use crate::WebState;
use crate::client::Client;
use crate::face::Face;
use crate::language::Language;
use crate::pages::Page;

/// The page that an unsubscribe link opens: one button, and nothing in its way.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unsubscribe {
    pub(crate) topic: String,
    /// Where fewer mails, or a pause, are to be had.
    pub(crate) preferences: String,
}

impl Page for Unsubscribe {
    const TEMPLATE: &'static str = "unsubscribe";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.unsubscribe.title", &[])
    }
}

/// What the button did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Unsubscribed {
    /// None: everything.
    pub(crate) topic: Option<String>,
    /// What undoes it.
    pub(crate) undo: Option<&'static str>,
    pub(crate) preferences: String,
}

impl Page for Unsubscribed {
    const TEMPLATE: &'static str = "unsubscribed";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.unsubscribed.title", &[])
    }
}

pub(super) fn routes() -> Router<WebState> {
    Router::new().route(path::UNSUBSCRIBE, get(show).post(act))
}

/// Shows the button. However often a scanner fetches it, nothing changes.
async fn show(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
) -> Result<Response, Failure> {
    let person = state.links.read_unsubscribe(&token)?;
    let (door, topic) = Door::of_person(&state, person, language).await?;
    let preferences = preferences(&door, person)?;
    door.page(&Unsubscribe { topic: topic.name, preferences })
}

/// Leaves at once. The body tells a mail program's one click from the page's own buttons.
async fn act(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
    client: Client,
    body: Bytes,
) -> Result<Response, Failure> {
    let person = match state.links.read_unsubscribe(&token) {
        Ok(person) => person,
        Err(refused) => return Err(refuse(&state, &client, refused)),
    };
    if one_click::is_asked_by(&body) {
        return one_click(&state, person, &client).await;
    }
    state.admit(&client).map_err(Failure::Often)?;
    let (door, topic) = Door::of_person(&state, person, language).await?;
    let posted = Posted::read(&body);
    match posted.one("act") {
        "undo" => undo(&door, person, &topic, posted.one("undo"), &client).await,
        "leave-all" => leave(&door, person, None, &client).await,
        _ => leave(&door, person, Some(topic), &client).await,
    }
}

/// RFC 8058 §3.2: the answer is no redirect and asks for nothing more. It is the same if the person left long ago, or is gone.
async fn one_click(state: &WebState, person: Person, client: &Client) -> Result<Response, Failure> {
    state.admit_one_click(person).map_err(Failure::Often)?;
    if !is_test(person) {
        let topic = subscribers::topic::find_by_no(state.db.reader(), person.topic).await?.ok_or(Failure::None)?;
        let leave = leaving(person, What::Topic(topic.id), Source::OneClick, client);
        opt_out::leave(&state.db, &leave, state.now()).await?;
    }
    Ok("unsubscribed\n".into_response())
}

async fn leave(door: &Door<'_>, person: Person, topic: Option<Topic>, client: &Client) -> Result<Response, Failure> {
    let what = topic.as_ref().map_or(What::Brand(door.brand.id), |topic| What::Topic(topic.id));
    let left = if is_test(person) {
        Vec::new()
    } else {
        let leave = leaving(person, what, Source::Page, client);
        opt_out::leave(&door.state.db, &leave, door.state.now()).await?
    };
    let undo = match topic {
        _ if left.is_empty() => None,
        Some(_) => Some("topic"),
        None => Some("brand"),
    };
    let preferences = preferences(door, person)?;
    door.page(&Unsubscribed { topic: topic.map(|topic| topic.name), undo, preferences })
}

async fn undo(
    door: &Door<'_>,
    person: Person,
    topic: &Topic,
    what: &str,
    client: &Client,
) -> Result<Response, Failure> {
    let what = if what == "brand" { What::Brand(door.brand.id) } else { What::Topic(topic.id) };
    let now = door.state.now();
    let back = opt_out::undo(&door.state.db, person.subscriber, what, &client.evidence(), now).await?;
    let key = if back.is_empty() { "page.too_late" } else { "page.undone" };
    door.page(&Message::new(!back.is_empty(), key, door.words, &door.face))
}

fn leaving(person: Person, what: What, source: Source, client: &Client) -> Leave {
    let actor = Actor::Subscriber(person.subscriber);
    Leave { subscriber: person.subscriber, what, source, actor, evidence: client.evidence() }
}

fn preferences(door: &Door<'_>, person: Person) -> Result<String, Failure> {
    let site = campaigns::site(&door.brand)?;
    Ok(door.state.links.preferences_url(&site, person).to_string())
}

/// A forged token costs its sender a part of the allowance; a mailbox provider's one click never does.
fn refuse(state: &WebState, client: &Client, refused: Refused) -> Failure {
    state.admit(client).map_or_else(Failure::Often, |()| Failure::Link(refused))
}

#[cfg(test)]
mod tests;
