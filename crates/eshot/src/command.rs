//! What the program can be told to do, one file each.

mod alerts;
mod brand;
mod check;
mod consent;
mod deliveries;
pub(crate) mod feedback;
mod key;
mod limits;
mod migrate;
mod serve;
mod subscriber;
mod suppression;
mod token;

use crate::bench;
use crate::cli::{Command, Key};
use crate::context::Context;
use crate::demo;
use crate::out::say;

/// Runs a command. False if it ran and what it checked did not hold.
///
/// `start` reads the configuration; a few commands do without.
pub(crate) async fn run(command: Command, start: impl FnOnce() -> anyhow::Result<Context>) -> anyhow::Result<bool> {
    match command {
        Command::Serve => serve::run(start()?).await,
        Command::Demo(demo) => demo::run(&demo).await,
        Command::Bench(command) => bench::run(command).await,
        Command::Check => check::run(&start()?).await,
        Command::Migrate => migrate::run(&start()?).await,
        Command::Brand(command) => brand::run(command, &start()?).await,
        Command::Key(Key::Master { id }) => key::master(id),
        Command::Key(Key::Events) => key::events(),
        Command::Key(Key::Signing(command)) => key::run(command, &start()?).await,
        Command::Token(command) => token::run(command, &start()?).await,
        Command::Consent(command) => consent::run(command, &start()?).await,
        Command::Deliveries(command) => deliveries::run(command, &start()?).await,
        Command::Feedback(command) => feedback::run(command, start).await,
        Command::Suppressions(command) => suppression::run(command, &start()?).await,
        Command::Alerts(command) => alerts::run(command, &start()?).await,
        Command::Limits(command) => limits::run(command, &start()?).await,
        Command::Subscriber(command) => subscriber::run(command, &start()?).await,
        Command::Openapi => openapi(),
    }
}

/// `eshot openapi`.
fn openapi() -> anyhow::Result<bool> {
    say!("{}", web::openapi().to_pretty_json()?);
    Ok(true)
}
