//! Serves every public page with made-up data on a loopback port, to look at and for the browser checks:
//! `cargo run -p web --example gallery -- 127.0.0.1:8090`, then `/gallery`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use domain::SystemClock;
use testkit::TestDb;
use web::{Pages, Parts, Settings, WebState};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen: SocketAddr = std::env::args().nth(1).as_deref().unwrap_or("127.0.0.1:8090").parse()?;
    let db = TestDb::sqlite().await;
    let samples = Pages::load(None)?.samples();
    let state = WebState::new(Parts {
        db: db.database().clone(),
        keys: testkit::keys(),
        clock: Arc::new(SystemClock),
        pages: Pages::load(None)?,
        settings: Settings {
            base_url: format!("http://{listen}").parse()?,
            trusted_proxies: Vec::new(),
            api_body_limit: 2_000_000,
            form_body_limit: 64_000,
            timeout: Duration::from_secs(20),
            public_rate: "600/m".parse()?,
            sign_up_rate: "5/h".parse()?,
            provider_limits: std::collections::BTreeMap::new(),
            warm_ups: std::collections::BTreeMap::new(),
        },
        webhooks: Default::default(),
        hits: std::sync::Arc::default(),
        metrics: None,
    });
    let mut gallery = Router::new();
    let mut list = String::new();
    for sample in samples {
        let path = format!("/gallery/{}/{}", sample.locale, sample.name);
        list += &format!("{path}\n");
        let html = sample.html?;
        gallery = gallery.route(&path, get(|| async move { Html(html) }));
    }
    let gallery = web::with_headers(gallery.route("/gallery", get(|| async move { list })), &state);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("http://{}/gallery", listener.local_addr()?);
    let service = web::router(state).merge(gallery).into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
