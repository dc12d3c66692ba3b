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

use std::io::{self, Write};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Demo;
use crate::config::{Log, LogFormat};
use crate::log;
use crate::out::say;

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

/// Does the whole walk, prints what held, and ends. False if something did not hold, or it was told to end before.
async fn once() -> anyhow::Result<bool> {
    let mut end = End::new()?;
    // Dropped where it stands, a house that is being built takes its folder with it.
    let house = tokio::select! {
        house = House::build(None) => house?,
        () = end.told() => return Ok(false),
    };
    let table = tokio::select! {
        table = walk::walk(&house) => Some(table),
        () = end.told() => None,
    };
    house.close().await;
    let Some(table) = table.transpose()? else { return Ok(false) };
    say!("{table}");
    Ok(table.holds())
}

/// Sends one campaign, says where to look, and stays until it is told to end.
async fn stay() -> anyhow::Result<bool> {
    let mut end = End::new()?;
    let mut house = tokio::select! {
        house = House::build(Some(USUAL_PORT)) => house?,
        () = end.told() => return Ok(true),
    };
    let ended = tokio::select! {
        sent = house.send_first_campaign() => sent.map(|()| true),
        () = end.told() => Ok(false),
    };
    let ended = match ended {
        Ok(true) => {
            // The pages are there, whether or not anybody reads where.
            let _ = writeln!(io::stdout(), "{}", house.invitation());
            tokio::select! {
                () = end.told() => Ok(true),
                error = house.failed() => Err(error),
            }
        }
        Ok(false) => Ok(true),
        Err(error) => Err(error),
    };
    house.close().await;
    ended
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
