//! A whole service on a fresh database, asked by `oneshot`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use accounts::{Scopes, token};
use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::MockConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use brands::Brand;
use domain::{AccessId, Actor, Clock, OptInId};
use feedback::webhook::{self, Hook, Receiver};
use http_body_util::BodyExt;
use links::{Links, Person};
use sea_orm::{ConnectionTrait, Statement};
use secrecy::ExposeSecret;
use serde_json::Value;
use subscribers::Subscriber;
use subscribers::seed::{self, Seeded};
use testkit::{ManualClock, TestDb};
use tower::ServiceExt;

use crate::{Pages, Parts, Settings, WebState};

/// The page of the seeded form.
pub(crate) const FORM: &str = "/forms/e-shot-opt-in";

/// A service with one brand, its topics, its form, and a token that may do everything.
pub(crate) struct House<'a> {
    pub(crate) db: &'a TestDb,
    pub(crate) state: WebState,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) brand: Brand,
    pub(crate) seeded: Seeded,
    pub(crate) token: String,
    router: Router,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl<'a> House<'a> {
    pub(crate) async fn new(db: &'a TestDb) -> Self {
        let now = testkit::start_of_time();
        let clock = Arc::new(ManualClock::at(now));
        let txn = db.database().begin().await.unwrap();
        let brand = match brands::find_by_slug(&txn, "acme").await.unwrap() {
            Some(brand) => brand,
            None => brands::create(&txn, brand(), &Actor::System, now).await.unwrap(),
        };
        let seeded = seed::first_brand(&txn, brand.id, &Actor::System, now).await.unwrap();
        txn.commit().await.unwrap();
        let (state, router) = serve(db, clock.clone(), settings());
        let mut house = Self { db, state, clock, brand, seeded, token: String::new(), router };
        house.token = house.token("admin").await;
        house
    }

    /// The same service with other settings.
    pub(crate) fn with(self, settings: Settings) -> Self {
        let (state, router) = serve(self.db, self.clock.clone(), settings);
        Self { state, router, ..self }
    }

    /// The same house behind other routes.
    pub(crate) fn behind(self, router: Router) -> Self {
        Self { router, ..self }
    }

    /// A token with these scopes.
    pub(crate) async fn token(&self, scopes: &str) -> String {
        let scopes: Scopes = scopes.parse().unwrap();
        let now = testkit::start_of_time();
        let (_, secret) = token::create(self.db.database(), "test", &scopes, None, &Actor::System, now).await.unwrap();
        secret.expose_secret().to_owned()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path).await
    }

    /// Presses a button: posts a form.
    pub(crate) async fn press(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post(path, "application/x-www-form-urlencoded", body).await
    }

    pub(crate) async fn post(&self, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, kind).header(header::USER_AGENT, "Test/1");
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Calls the API with the token that may do everything.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    pub(crate) async fn call_with(&self, method: Method, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).unwrap()).await
    }

    /// What the outbox holds for the sender, in order: the kind of mail and the data that it is made from.
    pub(crate) async fn mails(&self) -> Vec<(String, Value)> {
        let sql = "SELECT m.kind, d.data FROM deliveries d JOIN mailings m ON m.no = d.mailing_no ORDER BY d.mailing_no, d.ordinal";
        let conn = self.db.database().reader();
        let rows = conn.query_all_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap();
        let read = |row: &sea_orm::QueryResult| {
            let data: Option<String> = row.try_get_by_index(1).unwrap();
            (row.try_get_by_index(0).unwrap(), serde_json::from_str(&data.unwrap_or_default()).unwrap_or_default())
        };
        rows.iter().map(read).collect()
    }

    /// The path of the link in the last confirmation mail.
    pub(crate) async fn confirm_path(&self) -> String {
        let mails = self.mails().await;
        let (_, data) = mails.iter().rfind(|(kind, _)| kind == "confirmation").expect("a confirmation mail");
        let id: OptInId = data["opt_in"].as_str().unwrap().parse().unwrap();
        path(&self.links().confirm_url(&self.site(), id))
    }

    /// The path of the link in the last mail that opens a person's data.
    pub(crate) async fn access_path(&self) -> String {
        let mails = self.mails().await;
        let (_, data) = mails.iter().rfind(|(kind, _)| kind == "access").expect("a mail with a link");
        let id: AccessId = data["access"].as_str().unwrap().parse().unwrap();
        path(&self.links().access_url(&self.site(), id))
    }

    /// Fills the form in as a person would, with these topics ticked.
    pub(crate) async fn sign_up(&self, email: &str, topics: &[usize]) -> Answer {
        let form = self.get(FORM).await;
        self.pass(Duration::from_secs(20));
        let topics: Vec<String> = topics.iter().map(|at| self.seeded.topics[*at].id.to_string()).collect();
        let consent = self.seeded.form.current.id.to_string();
        let mut fields = vec![("email", email), ("name", "Ada"), ("consent", &consent), ("stamp", form.input("stamp"))];
        fields.extend(topics.iter().map(|topic| ("topic", topic.as_str())));
        self.press(FORM, &fields).await
    }

    /// A person who has confirmed these topics.
    pub(crate) async fn member(&self, email: &str, topics: &[usize]) -> Subscriber {
        assert_eq!(self.sign_up(email, topics).await.status, StatusCode::OK);
        assert_eq!(self.press(&self.confirm_path().await, &[]).await.status, StatusCode::OK);
        self.find(email).await.expect("a subscriber")
    }

    pub(crate) async fn find(&self, email: &str) -> Option<Subscriber> {
        subscribers::find_by_email(self.db.database().reader(), &email.parse().unwrap()).await.unwrap()
    }

    /// The slugs of the topics that a person gets.
    pub(crate) async fn topics_of(&self, person: &Subscriber) -> Vec<String> {
        let conn = self.db.database().reader();
        let found = subscribers::preferences(conn, person.id, self.brand.id, self.clock.now()).await.unwrap();
        let choices = found.map(|found| found.choices).unwrap_or_default();
        let confirmed =
            choices.into_iter().filter(|choice| choice.state == subscribers::subscription::State::Confirmed);
        confirmed.map(|choice| choice.topic.slug).collect()
    }

    /// Whom a footer's link names.
    pub(crate) fn person(&self, person: &Subscriber) -> Person {
        Person { subscriber: person.id, topic: self.seeded.topics[0].no }
    }

    pub(crate) fn links(&self) -> &Links {
        &self.state.links
    }

    pub(crate) fn site(&self) -> links::Site {
        campaigns::site(&self.brand).unwrap()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first input of this name.
    pub(crate) fn input(&self, name: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_default();
        rest.split('"').next().unwrap_or_default()
    }
}

fn serve(db: &TestDb, clock: Arc<ManualClock>, settings: Settings) -> (WebState, Router) {
    let state = WebState::new(Parts {
        db: db.database().clone(),
        keys: testkit::keys(),
        clock,
        pages: Pages::load(None).unwrap(),
        settings,
        webhooks: webhooks(),
        hits: Arc::default(),
        metrics: None,
    });
    let peer = MockConnectInfo(SocketAddr::from(([192, 0, 2, 7], 4711)));
    let router = crate::router(state.clone()).layer(peer);
    (state, router)
}

pub(crate) fn settings() -> Settings {
    Settings {
        base_url: "https://news.example.com".parse().unwrap(),
        trusted_proxies: Vec::new(),
        api_body_limit: 100_000,
        form_body_limit: 10_000,
        timeout: Duration::from_secs(20),
        public_rate: "1000/m".parse().unwrap(),
        sign_up_rate: "5/h".parse().unwrap(),
        provider_limits: std::collections::BTreeMap::new(),
        warm_ups: [("main".to_owned(), warm_up())].into(),
    }
}

/// The secret of the webhook `relay`.
pub(crate) const WEBHOOK_SECRET: &str = "0123456789abcdef";

fn webhooks() -> Receiver {
    let settings = webhook::Settings {
        provider: webhook::Provider::Signed,
        username: String::new(),
        secret: WEBHOOK_SECRET.into(),
        topic: String::new(),
        certificates: None,
    };
    Receiver::new([("relay".to_owned(), Hook::new(settings).unwrap())])
}

fn warm_up() -> limits::WarmUp {
    let number = |n| std::num::NonZeroU32::new(n).unwrap();
    limits::WarmUp {
        start: number(50),
        providers: std::collections::BTreeMap::new(),
        growth: limits::warm_up::Growth::default(),
        ceiling: number(1_000),
    }
}

fn brand() -> brands::Draft {
    let (from, base_url) = ("news@example.com".parse().unwrap(), "https://news.example.com".parse().unwrap());
    let brand = brands::Draft::new("acme", "Acme", from, "1 High Street\nLondon", base_url);
    brands::Draft { from_name: "Acme news".to_owned(), accent: "#0b6e4f".to_owned(), ..brand }
}

/// The path of a link, as a browser asks for it.
pub(crate) fn path(link: &url::Url) -> String {
    link.path().to_owned()
}
