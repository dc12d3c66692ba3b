use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::clock;
use crate::command;
use crate::config::{self, BaseUrl, InvalidConfig, Problem, Sources};
use crate::context::Context;
use crate::exit::Caller;
use crate::log;

/// Runs the command that the program was called with.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let caller = Caller::of(arguments.iter().cloned());
    ExitCode::from(caller.end(arguments, |Cli { config, command }| run(command, config)))
}

fn run(command: Command, file: Option<PathBuf>) -> anyhow::Result<bool> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // tokio's own variable goes first.
    if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
        runtime.worker_threads(workers(std::thread::available_parallelism().map_or(1, NonZero::get)));
    }
    runtime.enable_all().build()?.block_on(command::run(command, || start(file)))
}

/// How many threads run what waits most of its time, on so many processors. SQLite, or the server that is the database, and the
/// mail server beside us have a processor's worth to do as well; on two processors a second worker costs more in handing over than
/// it does (docs/performance.md).
fn workers(processors: usize) -> usize {
    processors.saturating_sub(1).max(1)
}

/// Reads the configuration; from then on there is a log.
fn start(file: Option<PathBuf>) -> anyhow::Result<Context> {
    let loaded = config::load(&Sources { file, variables: environment()?, base_url: BaseUrl::Https })?;
    log::start(&loaded.config.log);
    Ok(Context::new(loaded, clock::of_this_process()?, BaseUrl::Https))
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
