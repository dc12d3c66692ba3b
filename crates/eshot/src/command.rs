//! What the program can be told to do, one file each.

mod brand;
mod check;
mod consent;
mod feedback;
mod key;
mod migrate;
mod serve;
mod subscriber;
mod token;

use crate::cli::{Command, Key};
use crate::context::Context;

/// Commands that need nothing but the program. None if this is not one of them.
pub(crate) fn without_configuration(command: &Command) -> Option<anyhow::Result<bool>> {
    match command {
        Command::Key(Key::Master { id }) => Some(key::master(*id)),
        Command::Openapi => Some(openapi()),
        _ => None,
    }
}

/// Runs a command. False if it ran and what it checked did not hold.
pub(crate) async fn run(command: Command, context: Context) -> anyhow::Result<bool> {
    match command {
        Command::Serve => serve::run(context).await,
        Command::Check => check::run(&context).await,
        Command::Migrate => migrate::run(&context).await,
        Command::Brand(command) => brand::run(command, &context).await,
        Command::Key(command) => key::run(command, &context).await,
        Command::Consent(command) => consent::run(command, &context).await,
        Command::Feedback(command) => feedback::run(command, &context).await,
        Command::Subscriber(command) => subscriber::run(command, &context).await,
        Command::Token(command) => token::run(command, &context).await,
        _ => todo!(),
    }
}

/// `eshot openapi`.
fn openapi() -> anyhow::Result<bool> {
    println!("{}", web::openapi().to_pretty_json()?);
    Ok(true)
}
