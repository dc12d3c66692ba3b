//! Signing up.

mod page;
mod sign_up;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use subscribers::form::{self, Form};
use subscribers::opt_in::{self, RequestError};
use subscribers::topic::{self, Topic};

pub(crate) use page::{Fault, FormPage, blank};

use self::sign_up::{Filled, Reason};
use super::Failure;
use super::door::Door;
use super::inbox::Inbox;
use super::posted::Posted;
use crate::WebState;
use crate::client::Client;
use crate::stamp::Age;

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/forms/{slug}", get(show).post(act))
}

async fn show(State(state): State<WebState>, Path(slug): Path<String>) -> Result<Response, Failure> {
    let asked = Asked::find(&state, &slug).await?;
    asked.door.page(&asked.page(&Filled::default(), &[]))
}

/// Takes a filled-in form. Whether the address was known, is suppressed or asked too often: the answer is the same.
async fn act(
    State(state): State<WebState>,
    Path(slug): Path<String>,
    client: Client,
    body: Bytes,
) -> Result<Response, Failure> {
    state.admit(&client).map_err(Failure::Often)?;
    let asked = Asked::find(&state, &slug).await?;
    let posted = Posted::read(&body);
    let filled = Filled::read(&posted, &asked.form.current);
    if !posted.one("website").is_empty() {
        // Nobody sees that field, so a robot filled it in. It shall think that it has won.
        return asked.door.page(&Inbox { address: Some(filled.email) });
    }
    let now = state.now();
    let mut reasons = filled.check(&asked.form.current, &asked.topics);
    match state.stamps.age(&slug, posted.one("stamp"), now) {
        Age::Good => {}
        Age::TooYoung => reasons.insert(0, Reason::TooFast),
        Age::Stale => reasons.insert(0, Reason::Stale),
    }
    let request = match filled.request(&asked.form.current, &client) {
        Some(request) if reasons.is_empty() => request,
        _ => return asked.refusal(&filled, &reasons),
    };
    if state.admit_sign_up(&request.email).is_ok() {
        match opt_in::request(&state.db, &state.keys, request, now).await {
            Ok(()) => {}
            Err(RequestError::Other(subscribers::Error::Invalid { field, .. })) => {
                return asked.refusal(&filled, &[Reason::Unfit(field)]);
            }
            Err(RequestError::Other(error)) => return Err(error.into()),
            // The form was checked against its own version, so only a made-up request gets here.
            Err(_) => return Err(Failure::Form),
        }
    }
    asked.door.page(&Inbox { address: Some(filled.email) })
}

/// A form, and all that it takes to show it.
struct Asked<'a> {
    door: Door<'a>,
    form: Form,
    /// What can be ticked, in the form's order.
    topics: Vec<Topic>,
}

impl<'a> Asked<'a> {
    async fn find(state: &'a WebState, slug: &str) -> Result<Self, Failure> {
        let conn = state.db.reader();
        let form = form::find_by_slug(conn, slug).await?.ok_or(Failure::None)?;
        let brand = brands::find(conn, form.brand).await?.ok_or(Failure::None)?;
        let offered = topic::list(conn, form.brand).await?;
        let open = |id| offered.iter().find(|topic| topic.id == id && topic.archived_at.is_none()).cloned();
        let topics = form.current.definition.topics.iter().filter_map(|id| open(*id)).collect();
        Ok(Self { door: Door::new(state, brand, form.current.locale), form, topics })
    }

    fn page(&self, filled: &Filled, reasons: &[Reason]) -> FormPage {
        let stamp = self.door.state.stamps.issue(&self.form.slug, self.door.state.now());
        FormPage::new(&self.form.current, &self.topics, filled, reasons, self.door.words, stamp)
    }

    /// The form again, with what is wrong beside each field and what was written still there.
    fn refusal(&self, filled: &Filled, reasons: &[Reason]) -> Result<Response, Failure> {
        let mut response = self.door.page(&self.page(filled, reasons))?;
        *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
        Ok(response)
    }
}

#[cfg(test)]
mod tests;
