//! A server that is far away, to measure through: prints where it listens, and goes on until it is ended.
//!
//! usage: delay SERVER EACH_WAY, such as `delay 127.0.0.1:2525 15ms`

use std::error::Error;
use std::time::Duration;

use testkit::DelayingProxy;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [server, each_way] = words.as_slice() else { return Err("usage: delay SERVER EACH_WAY".into()) };
    let millis = each_way.strip_suffix("ms").ok_or("EACH_WAY is in milliseconds: 15ms")?;
    let proxy = DelayingProxy::start(server.parse()?, Duration::from_millis(millis.parse()?)).await;
    println!("{}", proxy.address());
    std::future::pending().await
}
