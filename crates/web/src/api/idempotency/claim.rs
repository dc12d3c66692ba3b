use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use accounts::idempotency::{self, Begun, KEPT_FOR, Refused};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::TokenId;
use sea_orm::DbErr;

use crate::WebState;
use crate::api::problem::Undone;

/// One request's hold on a key.
#[derive(Clone)]
pub(super) struct Claim {
    pub(super) token: TokenId,
    pub(super) key: String,
    pub(super) at: DateTime<Utc>,
}

impl Claim {
    /// Claims the key, after giving it up for an earlier request that did nothing and could not do so itself.
    pub(super) async fn begin(&self, state: &WebState, request: &[u8; 32]) -> Result<Begun, Refused> {
        if let Some(earlier) = state.given_up.take(self)
            && let Err(error) = earlier.abandon(state).await
        {
            state.given_up.put(earlier);
            return Err(error.into());
        }
        let begun = idempotency::begin(state.db.writer(), self.token, &self.key, request, self.at).await;
        if matches!(begun, Err(Refused::Database(_))) {
            // The claim may stand although its answer was lost, and nobody works under it.
            state.given_up.put(self.clone());
        }
        begun
    }

    /// Keeps the answer for the next such request. What failed and left nothing gives the key up. What failed otherwise may have
    /// been committed: whoever asks again hears that this is unknown, and it is not carried out again.
    ///
    /// The answer goes to the client as it is, whether it could be kept or not: what is done is done.
    pub(super) async fn settle(self, state: &WebState, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        // Our own answers are in memory already.
        let body = to_bytes(body, usize::MAX).await.unwrap_or_else(|_| Bytes::new());
        if parts.extensions.get::<Undone>().is_some() {
            if let Err(error) = self.abandon(state).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a key is given up when it is next used");
                state.given_up.put(self);
            }
        } else if let Err(error) = self.keep(state, &parts, &body).await {
            tracing::error!(error = &error as &dyn std::error::Error, "an answer is not kept for whoever asks again");
        }
        Response::from_parts(parts, Body::from(body))
    }

    async fn keep(&self, state: &WebState, parts: &axum::http::response::Parts, body: &Bytes) -> Result<(), DbErr> {
        let text = String::from_utf8_lossy(body);
        let etag = parts.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok());
        idempotency::finish(state.db.writer(), self.token, &self.key, parts.status.as_u16(), &text, etag).await
    }

    async fn abandon(&self, state: &WebState) -> Result<(), DbErr> {
        idempotency::abandon(state.db.writer(), self.token, &self.key, self.at).await
    }
}

/// Claims that are to be given up and could not be while the database was away. They go when the key is next used.
///
/// After a restart, or at another instance, whoever asks again hears for the rest of the day that the outcome is unknown.
#[derive(Debug, Default)]
pub(crate) struct GivenUp(Mutex<HashMap<(TokenId, String), DateTime<Utc>>>);

impl GivenUp {
    fn put(&self, claim: Claim) {
        let mut claims = self.claims();
        // What is older has no hold on its key any more.
        claims.retain(|_, at| *at > claim.at - KEPT_FOR);
        claims.insert((claim.token, claim.key), claim.at);
    }

    fn take(&self, claim: &Claim) -> Option<Claim> {
        let (token, key) = (claim.token, claim.key.clone());
        let at = self.claims().remove(&(token, key.clone()))?;
        Some(Claim { token, key, at })
    }

    fn claims(&self) -> MutexGuard<'_, HashMap<(TokenId, String), DateTime<Utc>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
