//! Who calls, and what they may do.

use std::marker::PhantomData;

use accounts::Scope;
use accounts::token::{self, Caller, Refused};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Actor;

use super::problem::Problem;
use crate::WebState;

/// Lets in whoever shows a token that works, and hands the handlers its owner.
pub(super) async fn authenticate(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let text = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let Some(text) = text else {
        return Problem::unauthorized("send a token as `Authorization: Bearer eshot_…`; `eshot token new` makes one")
            .into_response();
    };
    match token::authenticate(&state.db, text, state.now()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(Refused::Database(error)) => Problem::from(error).into_response(),
        Err(refused) => {
            tracing::warn!(reason = %refused, "a call to the API is refused");
            Problem::unauthorized("this token does not work: unknown, expired or revoked").into_response()
        }
    }
}

/// RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A caller who may do what `S` names. It stands first among a handler's arguments, so that nothing else is looked at before.
#[derive(Debug)]
pub(super) struct May<S> {
    caller: Caller,
    scope: PhantomData<S>,
}

impl<S> May<S> {
    /// Who does it.
    pub(super) fn actor(&self) -> Actor {
        self.caller.actor()
    }

    /// Whether they may do this as well.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.caller.require(scope).is_ok()
    }
}

/// A scope, as a type.
pub(super) trait Grant {
    const SCOPE: Scope;
}

impl<S: Grant + Send, T: Sync> FromRequestParts<T> for May<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, Problem> {
        let caller =
            parts.extensions.get::<Caller>().cloned().ok_or_else(|| Problem::unauthorized("no token was shown"))?;
        caller.require(S::SCOPE).map_err(Problem::forbidden)?;
        Ok(Self { caller, scope: PhantomData })
    }
}

macro_rules! grants {
    ($($scope:ident)*) => {$(
        #[doc = concat!("[`Scope::", stringify!($scope), "`].")]
        #[derive(Debug)]
        pub(super) struct $scope;

        impl Grant for $scope {
            const SCOPE: Scope = Scope::$scope;
        }
    )*};
}

grants! {
    BrandsRead BrandsWrite CampaignsRead CampaignsSend CampaignsWrite DeliveriesRead FeedbackRead FeedbackWrite FormsRead
    FormsWrite SubscribersRead SubscribersWrite SuppressionsRead SuppressionsWrite TopicsRead TopicsWrite
}
