use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Each step of a migration is told twice, and PostgreSQL remarks on every table that is there already. (lettre is built without
/// its logging: it would tell whole messages and passwords, and whatever names it in the filter would win over us.)
const NEVER: &str = "sea_orm_migration=warn,sqlx::postgres::notice=warn";

/// Sends log lines to standard error, so that a command's answer stands alone on standard output.
pub(crate) fn start(settings: &Log) {
    let filter = EnvFilter::builder().parse_lossy(format!("{},{NEVER}", settings.filter));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).init(),
    }
}
