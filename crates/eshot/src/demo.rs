//! The whole thing on one machine, with a relay that keeps the mail instead of sending it on.

mod browser;
mod folder;
mod house;
mod inbox;
mod mailbox;
mod people;
mod relay;
mod report;
mod table;
mod walk;

use std::io::{self, Write};
use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Demo;
use crate::config::{Log, LogFormat};
use crate::log;
use crate::out::say;

use house::House;
use table::Table;

pub use inbox::inbox;
pub use mailbox::{Mailbox, Received};
pub use report::delivery_report;

/// Where the demo's pages are, if nobody else is there.
const USUAL_PORT: u16 = 8080;

/// `eshot demo`: reads no configuration, because it brings everything along, and leaves nothing behind.
pub(crate) async fn run(demo: &Demo) -> anyhow::Result<bool> {
    log::start(&Log { filter: "warn".to_owned(), format: LogFormat::Text });
    let mut end = End::new()?;
    if !demo.once {
        folder::lend(async |folder| stay(folder, &mut end).await).await?;
        return Ok(true);
    }
    let Some(table) = folder::lend(async |folder| once(folder, &mut end).await).await? else { return Ok(false) };
    // Where nobody reads it the program ends here, so it comes last.
    say!("{table}");
    Ok(table.holds())
}

/// Does the whole walk and ends: what held, or nothing if it was told to end before.
async fn once(folder: &Path, end: &mut End) -> anyhow::Result<Option<Table>> {
    let house = tokio::select! {
        house = House::build(folder, None) => house?,
        () = end.told() => return Ok(None),
    };
    let table = tokio::select! {
        table = walk::walk(&house) => Some(table),
        () = end.told() => None,
    };
    house.close().await;
    table.transpose()
}

/// Sends one campaign, says where to look, and stays until it is told to end.
async fn stay(folder: &Path, end: &mut End) -> anyhow::Result<()> {
    let mut house = tokio::select! {
        house = House::build(folder, Some(USUAL_PORT)) => house?,
        () = end.told() => return Ok(()),
    };
    let ended = tokio::select! {
        ended = shown(&mut house) => ended,
        () = end.told() => Ok(()),
    };
    house.close().await;
    ended
}

/// Sends the campaign and says where to look; ends when something broke.
async fn shown(house: &mut House) -> anyhow::Result<()> {
    house.send_first_campaign().await?;
    // The pages are there, whether or not anybody reads where.
    let _ = writeln!(io::stdout(), "{}", house.invitation());
    Err(house.failed().await)
}

/// Ctrl-C, or whoever supervises us.
struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    fn new() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
