//! The clients speak over sockets, letter by letter where that is the matter. Only the bound itself takes real time.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;

/// Longer than any test waits.
const FOREVER: Duration = Duration::from_secs(300);

/// As long as a test waits for what must come.
const WAIT: Duration = Duration::from_secs(30);

const ASK: &[u8] = b"GET /peer HTTP/1.1\r\nHost: eshot\r\n\r\n";

/// A server with a page that says who asks, one that takes a while, and one that is too long for the socket.
struct House {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    /// Somebody has begun to ask for the page that takes a while.
    begun: Arc<Notify>,
    /// Ends that while.
    go_on: Arc<Notify>,
}

/// A house whose clients are all one, and may be: there is no bound but that of all.
async fn house(connections: usize, patience: Duration) -> House {
    let connections = NonZeroUsize::new(connections).unwrap();
    within(Bounds { connections, connections_per_client: connections, proxies: Vec::new(), patience }).await
}

async fn within(bounds: Bounds) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = |State((begun, go_on)): State<(Arc<Notify>, Arc<Notify>)>| async move {
        begun.notify_one();
        go_on.notified().await;
        "at last"
    };
    let pages = Router::new()
        .route("/peer", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }))
        .route("/slow", post(slow))
        .route("/long", get(|| async { Body::from(Bytes::from(vec![b'x'; 64 << 20])) }))
        .with_state((begun.clone(), go_on.clone()));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, pages, bounds, stop.clone()));
    House { address, stop, serving, begun, go_on }
}

impl House {
    async fn client(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A client at an address of this machine.
    async fn client_at(&self, address: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        socket.connect(self.address).await.unwrap()
    }
}

/// Asks, and reads an answer whose end is known by its last words.
async fn ask(client: &mut TcpStream, request: &[u8], last_words: &str) -> String {
    client.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(last_words.as_bytes()) {
        let mut piece = [0; 1024];
        let read = client.read(&mut piece).await.unwrap();
        assert!(read > 0, "the connection ended with {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(answer).unwrap()
}

/// All that still comes, until the connection ends, by whatever end.
async fn rest(client: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    // A reset is an end as well.
    let _ = client.read_to_end(&mut answer).await;
    answer
}

#[tokio::test]
async fn who_drips_the_head_of_a_request_is_sent_away() {
    let patience = Duration::from_millis(300);
    let house = house(8, patience).await;
    let begun = Instant::now();
    let (mut reader, mut writer) = house.client().await.into_split();
    // Each letter is well within the bound; all together are not, nor would they ever end.
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut answer = [0; 1];
    let ended = tokio::time::timeout(WAIT, reader.read(&mut answer)).await.expect("the connection ends");
    assert!(!matches!(ended, Ok(1..)), "there is nothing to answer");
    assert!(begun.elapsed() >= patience);
    dripping.abort();
}

#[tokio::test]
async fn a_connection_that_nobody_uses_ends() {
    let house = house(8, Duration::from_millis(100)).await;
    let mut never_used = house.client().await;
    let mut used = house.client().await;
    ask(&mut used, ASK, "127.0.0.1").await;
    assert!(tokio::time::timeout(WAIT, rest(&mut used)).await.unwrap().is_empty());
    assert!(tokio::time::timeout(WAIT, rest(&mut never_used)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_nobody_takes_gives_its_place_back() {
    let house = house(1, Duration::from_millis(100)).await;
    let mut deaf = house.client().await;
    deaf.write_all(b"GET /long HTTP/1.1\r\nHost: eshot\r\n\r\n").await.unwrap();
    let mut next = house.client().await;
    // Without its end the only place would never be free.
    let answer = tokio::time::timeout(WAIT, ask(&mut next, ASK, "127.0.0.1")).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_full_house_serves_who_is_in_it_and_takes_the_next_when_one_goes() {
    let house = house(2, FOREVER).await;
    let (mut first, mut second) = (house.client().await, house.client().await);
    ask(&mut first, ASK, "127.0.0.1").await;
    ask(&mut second, ASK, "127.0.0.1").await;
    let mut third = house.client().await;
    third.write_all(ASK).await.unwrap();
    // Who is inside is answered again and again, and meanwhile nobody answers the third.
    for _ in 0..100 {
        ask(&mut first, ASK, "127.0.0.1").await;
        ask(&mut second, ASK, "127.0.0.1").await;
    }
    let early = third.try_read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(early, Err(io::ErrorKind::WouldBlock));
    drop(first);
    let answer = tokio::time::timeout(WAIT, ask(&mut third, b"", "127.0.0.1")).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn one_client_cannot_take_the_places_of_all() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _measured = metrics::set_default_local_recorder(&recorder);
    let bounds = Bounds {
        connections: NonZeroUsize::new(8).unwrap(),
        connections_per_client: NonZeroUsize::new(2).unwrap(),
        proxies: vec!["127.0.0.9".parse().unwrap()],
        patience: FOREVER,
    };
    let house = within(bounds).await;
    let (mut first, mut second) = (house.client_at("127.0.0.2").await, house.client_at("127.0.0.2").await);
    ask(&mut first, ASK, "127.0.0.2").await;
    ask(&mut second, ASK, "127.0.0.2").await;
    let mut third = house.client_at("127.0.0.2").await;
    assert!(tokio::time::timeout(WAIT, rest(&mut third)).await.unwrap().is_empty());
    let refused = recorder.handle().render();
    assert!(refused.contains("eshot_http_connections_refused_total 1"), "{refused}");
    ask(&mut house.client_at("127.0.0.3").await, ASK, "127.0.0.3").await;
    let mut behind_the_proxy = Vec::new();
    for _ in 0..3 {
        let mut client = house.client_at("127.0.0.9").await;
        ask(&mut client, ASK, "127.0.0.9").await;
        behind_the_proxy.push(client);
    }
    ask(&mut first, ASK, "127.0.0.2").await;
}

#[tokio::test]
async fn what_is_under_way_is_answered_before_the_end_and_idle_connections_do_not_hold_it_up() {
    let House { address, stop, serving, begun, go_on } = house(8, FOREVER).await;
    let connect = || async { TcpStream::connect(address).await.unwrap() };
    let (mut idle, mut under_way) = (connect().await, connect().await);
    ask(&mut idle, ASK, "127.0.0.1").await;
    under_way.write_all(b"POST /slow HTTP/1.1\r\nHost: eshot\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    begun.notified().await;
    stop.cancel();
    assert!(tokio::time::timeout(WAIT, rest(&mut idle)).await.unwrap().is_empty());
    let closed = async { while TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(WAIT, closed).await.expect("nobody is taken in any more");
    assert!(!serving.is_finished());
    go_on.notify_one();
    let answer = tokio::time::timeout(WAIT, rest(&mut under_way)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("at last"), "{answer}");
    tokio::time::timeout(WAIT, serving).await.unwrap().unwrap();
}
