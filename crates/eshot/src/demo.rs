//! The whole thing on one machine, with a relay that keeps the mail instead of sending it on.

mod browser;
mod house;
mod inbox;
mod mailbox;
mod people;
mod relay;
mod report;
mod table;
mod walk;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Demo;
use crate::config::{Log, LogFormat};
use crate::log;

use house::House;

pub use inbox::inbox;
pub use mailbox::{Mailbox, Received};
pub use report::delivery_report;

/// Where the demo's pages are, if nobody else is there.
const USUAL_PORT: u16 = 8080;

/// `eshot demo`: reads no configuration, because it brings everything along.
pub(crate) async fn run(demo: &Demo) -> anyhow::Result<bool> {
    log::start(&Log { filter: "warn".to_owned(), format: LogFormat::Text });
    if demo.once { once().await } else { stay().await }
}

/// Does the whole walk, prints what held, and ends. False if something did not hold.
async fn once() -> anyhow::Result<bool> {
    let house = House::build(None).await?;
    let table = walk::walk(&house).await;
    house.close().await;
    let table = table?;
    println!("{table}");
    Ok(table.holds())
}

/// Sends one campaign, says where to look, and stays until it is told to end.
async fn stay() -> anyhow::Result<bool> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut house = House::build(Some(USUAL_PORT)).await?;
    house.send_first_campaign().await?;
    println!("{}", house.invitation());
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        error = house.failed() => Some(error),
    };
    house.close().await;
    failure.map_or(Ok(true), Err)
}
