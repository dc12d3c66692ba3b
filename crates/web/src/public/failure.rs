use std::error::Error;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use domain::Locale;
use renderer::Catalogue;

use super::message::Message;
use crate::WebState;
use crate::face::Face;
use crate::language::Language;

/// Why a page cannot be shown. The words that its reader sees are put around it on the way out, in their language.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The token in the link is none of ours, or for something else. Which of them is nobody's business.
    #[error("the link does not work")]
    Link(#[from] links::Refused),
    /// There is no such page.
    #[error("there is no such page")]
    None,
    /// The form that came in is not one of ours.
    #[error("the form is not understood")]
    Form,
    /// Too many posts; wait this long.
    #[error("too many requests")]
    Often(Duration),
    /// Our fault.
    #[error("{0}")]
    Ours(Box<dyn Error + Send + Sync>),
}

/// What went wrong below this crate, with a page: the reader can do nothing about any of it.
macro_rules! ours {
    ($($error:ty)*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Ours(Box::new(error))
            }
        }
    )*};
}

ours! {
    brands::Error
    campaigns::Error
    handlebars::RenderError
    sea_orm::DbErr
    subscribers::Error
    subscribers::form::Error
    subscribers::topic::Error
}

/// Marks an answer: the page was opened by a link that does not work.
#[derive(Clone, Copy)]
struct BrokenLink;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Link(refused) => {
                tracing::warn!(refused = &refused as &dyn Error, "a link's token is refused");
                let mut response = StatusCode::NOT_FOUND.into_response();
                response.extensions_mut().insert(BrokenLink);
                response
            }
            Self::None => StatusCode::NOT_FOUND.into_response(),
            Self::Form => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
            Self::Often(wait) => {
                // RFC 9110 §10.2.3 counts whole seconds.
                let seconds = HeaderValue::from(wait.as_secs() + 1);
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)]).into_response()
            }
            Self::Ours(error) if database::is_unavailable(&*error) => {
                tracing::error!(error = &*error as &dyn Error, "a public page has no database");
                let seconds = HeaderValue::from(crate::health::RETRY_AFTER);
                (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, seconds)]).into_response()
            }
            Self::Ours(error) => {
                tracing::error!(error = &*error as &dyn Error, "a public page failed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Gives every answer that is a refusal a page around it.
pub(crate) async fn render_failures(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let locale = Language::of(request.headers()).or(Locale::default());
    let is_head = request.method() == Method::HEAD;
    let mut response = next.run(request).await;
    let status = response.status();
    let has_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !(status.is_client_error() || status.is_server_error()) || has_page || is_head {
        return response;
    }
    let key = match status {
        _ if response.extensions().get::<BrokenLink>().is_some() => "page.error.link",
        StatusCode::NOT_FOUND => "page.error.none",
        StatusCode::TOO_MANY_REQUESTS => "page.error.often",
        StatusCode::PAYLOAD_TOO_LARGE => "page.error.large",
        status if status.is_client_error() => "page.error.bad",
        StatusCode::SERVICE_UNAVAILABLE => "page.error.away",
        _ => "page.error.ours",
    };
    let face = Face::plain(&state.settings.base_url);
    let page = Message::new(false, key, Catalogue::of(locale), &face);
    match state.pages.render(&face, locale, &page) {
        Ok(html) => {
            let (mut parts, _) = response.into_parts();
            parts.headers.remove(header::CONTENT_TYPE);
            parts.headers.remove(header::CONTENT_LENGTH);
            let (kind, body) = Html(html).into_response().into_parts();
            parts.headers.extend(kind.headers);
            response = Response::from_parts(parts, body);
        }
        Err(error) => tracing::error!(error = &error as &dyn Error, "the page of a failure does not render"),
    }
    response
}
