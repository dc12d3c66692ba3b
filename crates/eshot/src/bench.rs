//! Measuring: the real parts, at work on people that are made up.

mod clicks;
mod cost;
mod letter;
mod people;
mod postgres;
mod rate;
mod report;
mod rig;
mod run;
mod sample;
mod tap;
mod verify;

use crate::cli::{Bench, BenchClicks, BenchSend};
use crate::config::{Log, LogFormat};
use crate::log;
use crate::out::say;

/// `eshot bench`: reads no configuration, so that two machines measure the same.
pub(crate) async fn run(command: Bench) -> anyhow::Result<bool> {
    log::start(&Log { filter: "warn".to_owned(), format: LogFormat::Text });
    match command {
        Bench::Send(send) => send_and_report(&send).await,
        Bench::Clicks(clicks) => click_and_report(&clicks).await,
    }
}

/// The same for clicks.
async fn click_and_report(wanted: &BenchClicks) -> anyhow::Result<bool> {
    let report = clicks::measure(wanted).await?;
    say!("{}", serde_json::to_string(&report)?);
    Ok(true)
}

/// Prints what was measured. What does not verify is an error and no figure.
async fn send_and_report(wanted: &BenchSend) -> anyhow::Result<bool> {
    let report = run::measure(wanted).await?;
    say!("{}", serde_json::to_string(&report)?);
    Ok(true)
}
