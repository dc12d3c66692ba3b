use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How long an answer may take before the look counts as not served.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks for a path so many times, one after the other on one connection, and counts the answers by their status.
///
/// It reads no more of HTTP than it must: tens of thousands of looks are to take seconds.
pub async fn look(server: SocketAddr, method: &str, headers: &str, path: &str, times: usize) -> BTreeMap<u16, usize> {
    let mut stream = BufReader::new(TcpStream::connect(server).await.expect("a connection"));
    stream.get_ref().set_nodelay(true).expect("a socket without delay");
    let request = format!("{method} {path} HTTP/1.1\r\nHost: news.example.test\r\n{headers}\r\n");
    let mut counts = BTreeMap::new();
    for _ in 0..times {
        stream.write_all(request.as_bytes()).await.expect("to ask");
        let answer = tokio::time::timeout(PATIENCE, answer(&mut stream, method != "HEAD")).await;
        *counts.entry(answer.expect("an answer in time")).or_default() += 1;
    }
    counts
}

/// Reads one answer to its end and gives its status.
async fn answer(stream: &mut (impl AsyncBufRead + Unpin), has_body: bool) -> u16 {
    let (mut status, mut length, mut line) = (None, None, String::new());
    loop {
        line.clear();
        stream.read_line(&mut line).await.expect("a line of the head");
        let told = line.trim_end();
        if status.is_none() {
            status = Some(told.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status"));
        } else if let Some((name, value)) = told.split_once(':') {
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse().expect("a length"));
            }
        } else {
            break;
        }
    }
    if has_body {
        let mut body = vec![0; length.expect("an answer with a length")];
        stream.read_exact(&mut body).await.expect("the whole answer");
    }
    status.unwrap_or_default()
}
