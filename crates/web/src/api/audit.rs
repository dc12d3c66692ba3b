//! What programs did, into the audit log: once, for every operation.

use std::collections::HashMap;
use std::sync::LazyLock;

use accounts::audit;
use accounts::token::Caller;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;

use crate::WebState;

/// Where in `/api/v1/topics/{id}/archive` the id is.
const ID: usize = 4;

/// Marks an answer: nothing was done, as in a dry run, or the act is written down already, by the transaction that did it.
#[derive(Copy, Clone, Debug)]
pub(super) struct NoEntry;

/// Writes down what a request has changed, after it has: what was refused or only read is not an act. A request that is
/// answered again by its `Idempotency-Key` does not come here a second time.
pub(super) async fn write_down(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let caller = request.extensions().get::<Caller>().map(Caller::actor);
    let matched = request.extensions().get::<MatchedPath>();
    let operation = matched.and_then(|path| Operation::of(&method, path.as_str()));
    let named = matched
        .filter(|path| path.as_str().split('/').nth(ID).is_some_and(|part| matches!(part, "{id}" | "{provider}")));
    let named = named.and(request.uri().path().split('/').nth(ID)).map(str::to_owned);
    let response = next.run(request).await;
    let (Some(actor), Some(operation)) = (caller, operation) else { return response };
    if method.is_safe() || !response.status().is_success() || response.extensions().get::<NoEntry>().is_some() {
        return response;
    }
    let (id, response) = match response.status() {
        StatusCode::CREATED => made(response).await,
        // Whoever is erased is not to be found in the log either.
        _ if method == Method::DELETE => (None, response),
        _ => (named, response),
    };
    let noun = operation.noun;
    let object = id.map_or_else(|| noun.to_owned(), |id| format!("{noun}:{id}"));
    let act = format!("{noun}.{}", operation.verb);
    // The act is done: that it cannot be written down must not read as if it were not.
    if let Err(error) = audit::record(state.db.writer(), &actor, &act, &object, None, state.now()).await {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, %actor, "{act} on {object} is done and not in the audit log");
    }
    response
}

/// What an operation is called in the log: `create_topic` is the act `topic.create`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Operation {
    noun: &'static str,
    verb: &'static str,
}

impl Operation {
    fn of(method: &Method, path: &str) -> Option<Self> {
        /// Operation ids by method and path, as the handlers have them.
        static IDS: LazyLock<HashMap<(String, String), String>> = LazyLock::new(ids);
        let id = IDS.get(&(method.to_string(), path.to_owned()))?;
        id.rsplit_once('_').map(|(verb, noun)| Self { noun, verb })
    }
}

fn ids() -> HashMap<(String, String), String> {
    let mut ids = HashMap::new();
    for (path, item) in super::openapi().paths.paths {
        let operations = [("POST", item.post), ("PUT", item.put), ("PATCH", item.patch), ("DELETE", item.delete)];
        for (method, operation) in operations {
            if let Some(id) = operation.and_then(|operation| operation.operation_id) {
                ids.insert((method.to_owned(), path.clone()), id);
            }
        }
    }
    ids
}

/// The id of what was made, from the answer that shows it.
async fn made(response: Response) -> (Option<String>, Response) {
    #[derive(Deserialize)]
    struct Made {
        id: String,
    }
    let (parts, body) = response.into_parts();
    // Our own answers are in memory already.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_else(|_| Bytes::new());
    let made = serde_json::from_slice::<Made>(&body).ok();
    (made.map(|made| made.id), Response::from_parts(parts, Body::from(body)))
}

#[cfg(test)]
mod tests {
    use accounts::audit::Entry;
    use serde_json::{Value, json};
    use testkit::{TestDb, both};

    use super::*;
    use crate::testing::House;

    async fn entries(house: &House<'_>) -> Vec<Entry> {
        let mut entries = audit::list(house.db.database().reader(), None, None, 100).await.unwrap();
        entries.retain(|entry| !entry.act.starts_with("token."));
        entries.reverse();
        entries
    }

    #[test]
    fn every_operation_that_changes_something_has_a_name_in_the_log() {
        let ids = ids();
        assert!(ids.len() > 20, "{}", ids.len());
        for ((method, path), id) in &ids {
            let operation = Operation::of(&method.parse().unwrap(), path).unwrap();
            // The noun is the collection's name in the singular.
            let collection = path.split('/').nth(3).unwrap();
            assert_eq!(&collection[..4], &operation.noun[..4], "{id}");
        }
    }

    both! {
        async fn who_did_what_to_what_is_written_down_once(db: TestDb) {
            let house = House::new(&db).await;
            let new = json!({ "brand": house.brand.id, "slug": "jobs", "name": "Jobs" });
            let once = [("idempotency-key", "one")];
            let made = house.call_with(Method::POST, "/api/v1/topics", new.clone(), &once).await;
            assert_eq!(made.status, StatusCode::CREATED);
            let id = made.json()["id"].as_str().unwrap().to_owned();
            // Answered again, refused, and only read: no acts.
            house.call_with(Method::POST, "/api/v1/topics", new.clone(), &once).await;
            assert_eq!(house.call(Method::POST, "/api/v1/topics", new).await.status, StatusCode::CONFLICT);
            house.call(Method::GET, &format!("/api/v1/topics/{id}"), Value::Null).await;
            let path = format!("/api/v1/topics/{id}/archive");
            house.call_with(Method::POST, &path, Value::Null, &[("if-match", "\"1\"")]).await;

            let entries = entries(&house).await;
            let told: Vec<_> = entries.iter().map(|entry| (entry.act.as_str(), entry.object.as_str())).collect();
            let object = format!("topic:{id}");
            assert_eq!(told, [("topic.create", object.as_str()), ("topic.archive", &object)]);
            assert!(entries.iter().all(|entry| matches!(entry.actor, domain::Actor::Token(_))));
        }
    }

    both! {
        async fn who_is_erased_is_not_in_the_log_but_that_somebody_was_is(db: TestDb) {
            let house = House::new(&db).await;
            let ada = house.member("ada@example.com", &[0]).await;
            let path = format!("/api/v1/subscribers/{}", ada.id);
            let until = json!({ "brand": house.brand.id, "until": "2026-04-01T00:00:00Z" });
            let paused = house.call(Method::PUT, &format!("{path}/pause"), until).await;
            assert!(paused.status.is_success(), "{}", paused.body);
            assert_eq!(entries(&house).await[0].object, format!("subscriber:{}", ada.id));
            assert_eq!(house.call(Method::DELETE, &path, Value::Null).await.status, StatusCode::NO_CONTENT);

            let entries = entries(&house).await;
            let told: Vec<_> = entries.iter().map(|entry| (entry.act.as_str(), entry.object.as_str())).collect();
            assert_eq!(told, [("subscriber.pause", "subscriber"), ("subscriber.erase", "subscriber")]);
        }
    }
}
