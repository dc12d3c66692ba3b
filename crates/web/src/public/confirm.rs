//! The second half of a double opt-in: a link, a page, a button.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use domain::OptInId;
use links::path;
use renderer::Catalogue;
use serde::Serialize;
use subscribers::opt_in::{self, Confirmation, OptIn, State as Standing};

use super::Failure;
use super::door::Door;
use super::field::Topic;
use super::inbox::Inbox;
use super::message::Message;
use super::posted::Posted;
use crate::WebState;
use crate::client::Client;
use crate::face::Face;
use crate::language::Language;
use crate::pages::Page;

/// The page that a confirmation mail's link opens.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Confirm {
    pub(crate) topics: Vec<Topic>,
}

impl Page for Confirm {
    const TEMPLATE: &'static str = "confirm";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.confirm.title", &[])
    }
}

/// What the button did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Confirmed {
    /// It was pressed before.
    pub(crate) already: bool,
    pub(crate) topics: Vec<Topic>,
}

impl Page for Confirmed {
    const TEMPLATE: &'static str = "confirmed";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text(if self.already { "page.confirmed.already_title" } else { "page.confirmed.title" }, &[])
    }
}

/// The link came too late; a button sends another.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Expired {}

impl Page for Expired {
    const TEMPLATE: &'static str = "expired";

    fn title(&self, words: &Catalogue, _: &Face) -> String {
        words.text("page.expired.title", &[])
    }
}

pub(super) fn routes() -> Router<WebState> {
    Router::new().route(path::CONFIRM, get(show).post(act))
}

/// Shows the button. Mail scanners fetch every link, so looking confirms nothing.
async fn show(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
) -> Result<Response, Failure> {
    let id = state.links.read_confirm(&token)?;
    let (door, opt_in) = open(&state, id, language).await?;
    let topics = opt_in.topics.iter().map(Topic::from).collect();
    match opt_in.state {
        Standing::Pending | Standing::Superseded => door.page(&Confirm { topics }),
        Standing::Confirmed => door.page(&Confirmed { already: true, topics }),
        Standing::Expired => door.page(&Expired {}),
    }
}

async fn act(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
    client: Client,
    body: Bytes,
) -> Result<Response, Failure> {
    state.admit(&client).map_err(Failure::Often)?;
    let id = state.links.read_confirm(&token)?;
    let (door, opt_in) = open(&state, id, language).await?;
    let (evidence, now) = (client.evidence(), state.now());
    if Posted::read(&body).one("act") == "resend" {
        opt_in::resend(&state.db, id, &evidence, now).await?;
        return door.page(&Inbox { address: None });
    }
    let shown = |topics: &[subscribers::topic::Topic]| topics.iter().map(Topic::from).collect();
    match opt_in::confirm(&state.db, id, &evidence, now).await?.ok_or(Failure::None)? {
        Confirmation::Confirmed(topics) => door.page(&Confirmed { already: false, topics: shown(&topics) }),
        Confirmation::AlreadyConfirmed => door.page(&Confirmed { already: true, topics: shown(&opt_in.topics) }),
        Confirmation::Expired => door.page(&Expired {}),
        Confirmation::Withdrawn => door.page(&Message::new(false, "page.withdrawn", door.words, &door.face)),
    }
}

async fn open(state: &WebState, id: OptInId, language: Language) -> Result<(Door<'_>, OptIn), Failure> {
    let opt_in = opt_in::open(state.db.reader(), id, state.now()).await?.ok_or(Failure::None)?;
    Ok((Door::find(state, opt_in.brand, language).await?, opt_in))
}

#[cfg(test)]
mod tests;
