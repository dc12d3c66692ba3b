use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::clock;
use crate::command;
use crate::config::{self, BaseUrl, InvalidConfig, Loaded, Problem, Sources};
use crate::context::Context;
use crate::log;

/// What a command ended with, for scripts: it did what was asked.
const DONE: u8 = 0;
/// It failed, or a check did not hold.
const FAILED: u8 = 1;
/// It was called wrongly, or the configuration is wrong. Clap uses the same for arguments.
const WRONG: u8 = 2;

/// Runs the command that the program was called with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // Keys are made and pages described before there is a configuration.
    if let Some(code) = command::without_configuration(&cli.command) {
        return report(code);
    }
    let loaded = match load(&cli) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(WRONG);
        }
    };
    log::start(&loaded.config.log);
    report(run(cli.command, loaded))
}

fn run(command: Command, loaded: Loaded) -> anyhow::Result<bool> {
    let clock = clock::of_this_process()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let base_url = asked_of_base_url(&command);
    runtime.block_on(command::run(command, Context::new(loaded, clock, base_url)))
}

fn load(cli: &Cli) -> Result<Loaded, InvalidConfig> {
    let base_url = asked_of_base_url(&cli.command);
    config::load(&Sources { file: cli.config.clone(), variables: environment()?, base_url })
}

/// Only a demonstration on the own machine does without https.
fn asked_of_base_url(command: &Command) -> BaseUrl {
    if matches!(command, Command::Demo(_)) { BaseUrl::HttpAllowed } else { BaseUrl::Https }
}

/// The variables that may be ours.
fn environment() -> Result<Vec<(String, String)>, InvalidConfig> {
    let unreadable = |name: String| {
        let what = "the variable is no valid UTF-8".to_owned();
        InvalidConfig(vec![Problem { key: String::new(), source: name, what }])
    };
    std::env::vars_os()
        .filter_map(|(name, text)| Some((name.into_string().ok()?, text)))
        .filter(|(name, _)| name.starts_with("ESHOT_"))
        .map(|(name, text)| text.into_string().map(|text| (name.clone(), text)).map_err(|_| unreadable(name)))
        .collect()
}

fn report(outcome: anyhow::Result<bool>) -> ExitCode {
    ExitCode::from(match outcome {
        Ok(true) => DONE,
        Ok(false) => FAILED,
        Err(error) => {
            eprintln!("error: {error:#}");
            FAILED
        }
    })
}
