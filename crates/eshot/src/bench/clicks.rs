//! How many clicks a second are taken, answered and written down.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use campaigns::Draft;
use domain::{Actor, DeliveryKey, MailingNo, Ordinal};
use feedback::tracking::Recorder;
use feedback::webhook::Receiver;
use links::Links;
use renderer::Source;
use sea_orm::{ConnectionTrait, Statement};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use web::{Pages, Parts, Settings, WebState};

use super::rig::Rig;
use crate::cli::{BenchClicks, Signing};
use crate::serve::http::{Bounds, serve};

/// How many links each mail has.
const LINKS: u16 = 5;

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    clicks: u64,
    clicks_per_second: f64,
    /// From the first byte of a request to the last of its answer, in microseconds.
    median_us: u64,
    p99_us: u64,
    most_us: u64,
    /// How many of them the database holds after a clean end.
    written: i64,
    connections: NonZeroUsize,
    database: String,
}

/// Seeds, serves, follows links, ends, and counts what is written.
pub(super) async fn measure(wanted: &BenchClicks) -> anyhow::Result<Report> {
    let rig = Rig::build(wanted.database.as_ref(), wanted.recipients, Signing::None).await?;
    let mailing = launch(&rig).await?;
    let requests = requests(&rig, mailing, wanted.recipients).await?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, stop) = (listener.local_addr()?, CancellationToken::new());
    let (pages, hits) = site(&rig)?;
    let (db, end) = (rig.db.clone(), stop.clone());
    let bounds = Bounds {
        connections: NonZeroUsize::MAX,
        connections_per_client: NonZeroUsize::MAX,
        proxies: Vec::new(),
        patience: Duration::from_secs(10),
    };
    let served = tokio::spawn(async move { serve(listener, pages, bounds, &hits, &db, end).await });
    let (took, mut times) = click(address, wanted, requests).await?;
    stop.cancel();
    served.await.context("the server has fallen over")?;

    let written = written(&rig).await?;
    times.sort_unstable();
    let at = |share: f64| times.get(((times.len() as f64 - 1.0) * share) as usize).copied().unwrap_or_default();
    let clicks = times.len() as u64;
    anyhow::ensure!(written == i64::try_from(clicks)?, "{clicks} clicks were answered and {written} written down");
    let report = Report {
        clicks,
        clicks_per_second: (clicks as f64 / took.as_secs_f64()).round(),
        median_us: at(0.5),
        p99_us: at(0.99),
        most_us: at(1.0),
        written,
        connections: wanted.connections,
        database: format!("{:?}", rig.db.backend()).to_lowercase(),
    };
    rig.close().await?;
    Ok(report)
}

/// A campaign whose audience is written down; nothing of it is sent.
async fn launch(rig: &Rig) -> anyhow::Result<MailingNo> {
    let words = (0..LINKS).map(|number| format!("<a href=\"https://shop.example/{number}\">{number}</a> "));
    let mjml = format!(
        "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>",
        words.collect::<String>()
    );
    let source = Source { subject: "Measured".to_owned(), preheader: "Measured".to_owned(), mjml };
    let draft = Draft { brand: rig.brand, topic: rig.everybody, name: "Measured".to_owned(), source };
    let (db, now) = (&rig.db, rig.clock.now());
    let id = campaigns::create(db, draft, &Actor::Operator, now).await?.id;
    campaigns::schedule(db, id, now, None, &Actor::Operator, now).await?;
    let lease = rig.lease("scheduler").await?;
    while {
        let launch = campaigns::launch_due(db, &lease, rig.clock.now()).await?;
        launch.more || launch.finished == 0
    } {}
    let campaign = campaigns::find(db.reader(), id).await?.context("the campaign is gone")?;
    campaign.mailing.context("a launched campaign has a mailing")
}

/// A request for a link of each mail, as a browser writes it.
async fn requests(rig: &Rig, mailing: MailingNo, recipients: u32) -> anyhow::Result<Vec<Vec<u8>>> {
    let links = Links::new(&rig.keys);
    let brand = brands::find(rig.db.reader(), rig.brand).await?.context("the brand is gone")?;
    let site = campaigns::site(&brand)?;
    let one = |number: u32| {
        let url = links.click_url(&site, DeliveryKey::new(mailing, Ordinal(i64::from(number) + 1)))?;
        let (path, link) = (url.path(), number % u32::from(LINKS));
        Ok(format!(
            "GET {path}/{link} HTTP/1.1\r\nHost: news.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) \
             Gecko/20100101 Firefox/140.0\r\nAccept: text/html\r\nAccept-Language: en\r\n\r\n"
        )
        .into_bytes())
    };
    (0..recipients).map(one).collect()
}

/// The pages, and where their clicks wait.
fn site(rig: &Rig) -> anyhow::Result<(axum::Router, Arc<Recorder>)> {
    let hits = Arc::new(Recorder::default());
    let state = WebState::new(Parts {
        db: rig.db.clone(),
        keys: rig.keys.clone(),
        clock: rig.clock.clone(),
        pages: Pages::load(None)?,
        settings: Settings {
            base_url: "https://news.example.com".parse()?,
            trusted_proxies: Vec::new(),
            api_body_limit: 100_000,
            form_body_limit: 10_000,
            timeout: Duration::from_secs(20),
            public_rate: "1000/m".parse()?,
            sign_up_rate: "5/h".parse()?,
            provider_limits: std::collections::BTreeMap::new(),
            warm_ups: std::collections::BTreeMap::new(),
        },
        webhooks: Receiver::new([]),
        hits: Arc::clone(&hits),
        metrics: None,
    });
    Ok((web::router(state), hits))
}

/// Follows links over so many connections for so long, so many a second; gives how long each took.
async fn click(
    address: SocketAddr,
    wanted: &BenchClicks,
    requests: Vec<Vec<u8>>,
) -> anyhow::Result<(Duration, Vec<u64>)> {
    let requests = Arc::new(requests);
    let begun = Instant::now();
    let until = begun + Duration::from_secs(wanted.seconds);
    let connections = wanted.connections.get();
    // How far apart a connection's clicks are.
    let apart = match wanted.per_second {
        0 => Duration::ZERO,
        rate => Duration::from_secs(1).mul_f64(connections as f64 / f64::from(rate)),
    };
    let mut clickers = Vec::with_capacity(connections);
    for first in 0..connections {
        let requests = Arc::clone(&requests);
        clickers.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut times, mut answer) = (Vec::new(), vec![0; 4096]);
            let mut due = begun + apart.mul_f64(first as f64 / connections as f64);
            for request in requests.iter().cycle().skip(first * requests.len() / connections) {
                tokio::time::sleep_until(due.into()).await;
                if Instant::now() >= until {
                    break;
                }
                due += apart;
                let asked = Instant::now();
                stream.write_all(request).await?;
                let mut read = 0;
                while !answer[..read].ends_with(b"\r\n\r\n") {
                    let more = stream.read(&mut answer[read..]).await?;
                    anyhow::ensure!(more > 0, "a connection was closed");
                    read += more;
                }
                anyhow::ensure!(answer.starts_with(b"HTTP/1.1 302 "), "{}", String::from_utf8_lossy(&answer[..read]));
                times.push(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            anyhow::Ok(times)
        }));
    }
    let mut times = Vec::new();
    for clicker in clickers {
        times.extend(clicker.await.context("a client has fallen over")??);
    }
    Ok((begun.elapsed(), times))
}

async fn written(rig: &Rig) -> anyhow::Result<i64> {
    let statement = Statement::from_string(rig.db.backend(), "SELECT COUNT(*) FROM hits");
    let row = rig.db.reader().query_one_raw(statement).await?.context("there is no count")?;
    Ok(row.try_get_by_index(0)?)
}
