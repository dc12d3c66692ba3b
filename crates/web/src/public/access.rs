//! What a person's own single-use link opens: their data, to see, change, take with them and erase.

mod data;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Actor;
use links::path;
use subscribers::access::{self, RedeemError, Visit};

pub(crate) use data::{Access, Event, Open, Standing};

use super::Failure;
use super::door::Door;
use super::message::Message;
use super::posted::Posted;
use super::preferences::{Notice, stop_tracking};
use crate::WebState;
use crate::client::Client;
use crate::erasure;
use crate::face::Face;
use crate::language::Language;

pub(super) fn routes() -> Router<WebState> {
    Router::new().route(path::ACCESS, get(show).post(act))
}

/// Shows a button. Opening uses the link up, and a scanner that fetches it must not.
async fn show(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
) -> Result<Response, Failure> {
    let id = state.links.read_access(&token)?;
    match access::open(state.db.reader(), id, state.now()).await {
        Ok(brand) => Door::find(&state, brand, language).await?.page(&Open {}),
        Err(why) => refusal(&state, language, why),
    }
}

/// Uses the link up and does what a button asks for. The page that answers carries the next link in its buttons, so that
/// one visit can do several things and a copied address does none.
async fn act(
    State(state): State<WebState>,
    Path(token): Path<String>,
    language: Language,
    client: Client,
    body: Bytes,
) -> Result<Response, Failure> {
    state.admit(&client).map_err(Failure::Often)?;
    let posted = Posted::read(&body);
    let pass = Some(posted.one("pass")).filter(|pass| !pass.is_empty()).unwrap_or(&token);
    let id = state.links.read_access(pass)?;
    let visit = match access::redeem(&state.db, id, state.now()).await {
        Ok(visit) => visit,
        Err(why) => return refusal(&state, language, why),
    };
    let door = Door::find(&state, visit.brand, language).await?;
    let notice = match posted.one("act") {
        "export" => return export(&door, &visit).await,
        "erase" if posted.one("sure") == "yes" => return erase(&door, &visit).await,
        "erase" => Some(Notice::plain(door.text("page.access.erase_unsure", &[]))),
        "change" => Some(data::change(&door, &visit, &posted).await?),
        "join" => Some(data::join(&door, &visit, posted.one("topic")).await?),
        "resume" => Some(data::resume(&door, &visit).await?),
        "tracking-allow" => Some(data::allow_tracking(&door, &visit, &client).await?),
        "tracking-stop" => Some(stop_tracking(&door, visit.subscriber, &client).await?),
        "leave" => Some(data::leave(&door, &visit, posted.one("topic"), &client).await?),
        _ => None,
    };
    door.page(&data::page(&door, &visit, notice).await?)
}

/// Everything that is kept, as a file (GDPR art. 20). The page stays open behind it, with its link used up.
async fn export(door: &Door<'_>, visit: &Visit) -> Result<Response, Failure> {
    let found = subscribers::export(door.state.db.reader(), visit.subscriber, door.state.now()).await?;
    let found = found.ok_or(Failure::None)?;
    let file = format!("attachment; filename=\"{}.json\"", door.brand.slug);
    let mut response = axum::Json(found).into_response();
    if let Ok(file) = HeaderValue::from_str(&file) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, file);
    }
    Ok(response)
}

async fn erase(door: &Door<'_>, visit: &Visit) -> Result<Response, Failure> {
    let actor = Actor::Subscriber(visit.subscriber);
    erasure::erase(&door.state.db, visit.subscriber, &actor, door.state.now()).await?;
    door.page(&Message::new(true, "page.erased", door.words, &door.face))
}

/// Why a link opens nothing, in words that help.
fn refusal(state: &WebState, language: Language, why: RedeemError) -> Result<Response, Failure> {
    match why {
        RedeemError::NotFound => Err(Failure::None),
        RedeemError::Database(error) => Err(error.into()),
        RedeemError::Expired | RedeemError::Used => {
            let face = Face::plain(&state.settings.base_url);
            let locale = language.or(domain::Locale::default());
            let page = Message::new(false, "page.access.gone", renderer::Catalogue::of(locale), &face);
            let html = state.pages.render(&face, locale, &page)?;
            Ok((axum::http::StatusCode::GONE, axum::response::Html(html)).into_response())
        }
    }
}

#[cfg(test)]
mod tests;
