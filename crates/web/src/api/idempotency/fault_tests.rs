//! What a key is worth when the database fails under the request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use accounts::{idempotency, token};
use axum::http::{Method, StatusCode};
use axum::{Router, middleware, routing};
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbErr, RuntimeErr};
use serde_json::Value;
use testkit::{TestDb, both};

use super::once;
use crate::api::problem::Problem;
use crate::api::scope;
use crate::testing::{Answer, House};

/// How an operation ends the first time. After that it succeeds.
#[derive(Copy, Clone)]
enum End {
    Well,
    /// There was no connection to begin with.
    Unbegun,
    /// The connection broke, it may be at the COMMIT.
    Lost,
}

/// A service with one operation, `POST /act`, that counts how often it is carried out.
struct Desk<'a> {
    house: House<'a>,
    acts: Arc<AtomicUsize>,
}

impl<'a> Desk<'a> {
    /// With `away`, the keys are out of reach from the moment of the first act.
    async fn new(db: &'a TestDb, end: End, away: bool) -> Self {
        let house = House::new(db).await;
        let (acts, state) = (Arc::new(AtomicUsize::new(0)), house.state.clone());
        let (counted, keys) = (acts.clone(), db.database().clone());
        let act = async move || {
            if counted.fetch_add(1, Ordering::SeqCst) > 0 {
                return Ok(StatusCode::CREATED);
            }
            if away {
                keys.writer().execute_unprepared("ALTER TABLE idempotency_keys RENAME TO away").await.unwrap();
            }
            match end {
                End::Well => Ok(StatusCode::CREATED),
                End::Unbegun => Err(Problem::from(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))),
                End::Lost => Err(Problem::from(DbErr::Exec(broken()))),
            }
        };
        let router = Router::new()
            .route("/act", routing::post(act))
            .layer(middleware::from_fn_with_state(state.clone(), once))
            .layer(middleware::from_fn_with_state(state, scope::authenticate));
        Self { house: house.behind(router), acts }
    }

    async fn post(&self) -> Answer {
        self.house.call_with(Method::POST, "/act", Value::Null, &[("idempotency-key", "k")]).await
    }

    async fn sql(&self, sql: &str) {
        self.house.db.database().writer().execute_unprepared(sql).await.unwrap();
    }

    /// The keys are there again.
    async fn back(&self) {
        self.sql("ALTER TABLE away RENAME TO idempotency_keys").await;
    }

    async fn is_told(&self, kind: &str) {
        let answer = self.post().await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert_eq!(answer.json()["type"], format!("urn:eshot:problem:{kind}"));
    }

    fn acts(&self) -> usize {
        self.acts.load(Ordering::SeqCst)
    }
}

fn broken() -> RuntimeErr {
    RuntimeErr::SqlxError(Arc::new(sea_orm::sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())))
}

both! {
    async fn a_request_whose_commit_may_be_durable_is_not_carried_out_again(db: TestDb) {
        let desk = Desk::new(&db, End::Lost, false).await;
        assert_eq!(desk.post().await.status, StatusCode::SERVICE_UNAVAILABLE);
        desk.is_told("outcome-unknown").await;
        desk.is_told("outcome-unknown").await;
        assert_eq!(desk.acts(), 1);
    }
}

both! {
    async fn nor_is_it_when_the_database_is_away_for_longer(db: TestDb) {
        let desk = Desk::new(&db, End::Lost, true).await;
        assert_eq!(desk.post().await.status, StatusCode::SERVICE_UNAVAILABLE);
        desk.back().await;
        desk.is_told("in-progress").await;
        desk.house.pass(std::time::Duration::from_secs(60));
        desk.is_told("outcome-unknown").await;
        assert_eq!(desk.acts(), 1);
    }
}

both! {
    async fn a_request_that_left_nothing_is_carried_out_when_it_comes_again(db: TestDb) {
        let desk = Desk::new(&db, End::Unbegun, false).await;
        assert_eq!(desk.post().await.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(desk.post().await.status, StatusCode::CREATED);
        assert_eq!(desk.post().await.header("idempotency-replayed"), "true");
        assert_eq!(desk.acts(), 2);
    }
}

both! {
    async fn it_is_so_too_when_the_key_could_not_be_given_up_at_once(db: TestDb) {
        let desk = Desk::new(&db, End::Unbegun, true).await;
        assert_eq!(desk.post().await.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(desk.post().await.status, StatusCode::INTERNAL_SERVER_ERROR, "the keys are away still");
        desk.back().await;
        assert_eq!(desk.post().await.status, StatusCode::CREATED);
        assert_eq!(desk.acts(), 2);
    }
}

both! {
    async fn a_claim_that_stands_although_its_answer_was_lost_locks_nobody_out(db: TestDb) {
        let desk = Desk::new(&db, End::Well, false).await;
        desk.sql("ALTER TABLE idempotency_keys RENAME TO away").await;
        assert_eq!(desk.post().await.status, StatusCode::INTERNAL_SERVER_ERROR);
        desk.back().await;
        let (conn, now) = (db.database(), desk.house.state.now());
        let caller = token::authenticate(conn, &desk.house.token, now).await.unwrap();
        let request = idempotency::digest("POST", "/act", b"");
        idempotency::begin(conn.writer(), caller.token, "k", &request, now).await.unwrap();
        assert_eq!(desk.post().await.status, StatusCode::CREATED);
        assert_eq!(desk.acts(), 1);
    }
}

both! {
    async fn what_was_done_is_answered_even_if_the_answer_cannot_be_kept(db: TestDb) {
        let desk = Desk::new(&db, End::Well, true).await;
        assert_eq!(desk.post().await.status, StatusCode::CREATED);
        desk.back().await;
        desk.house.pass(std::time::Duration::from_secs(60));
        desk.is_told("outcome-unknown").await;
        assert_eq!(desk.acts(), 1);
    }
}
