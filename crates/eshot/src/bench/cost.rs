use std::collections::BTreeMap;
use std::fs;

use anyhow::Context as _;
use database::Database;
use metrics_exporter_prometheus::PrometheusHandle;
use rustix::time::{ClockId, clock_gettime};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::postgres::Server;

/// The metric that the sender counts its stages in.
const STAGES: &str = "eshot_sender_cpu_nanoseconds_total{stage=\"";

/// Processor time that something took, in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Cost {
    /// All of this program.
    pub(super) process: f64,
    /// Of that, what the sender says that its stages took.
    pub(super) stages: BTreeMap<String, f64>,
    /// Of that, SQLite's threads.
    pub(super) sqlite: f64,
    /// The PostgreSQL server, where it is on this machine and nobody else uses it.
    pub(super) postgres: Option<f64>,
}

/// Measures from its start to its stop.
pub(super) struct Meter {
    begun: Cost,
    server: Option<Server>,
}

impl Meter {
    pub(super) async fn start(db: &Database, metrics: &PrometheusHandle) -> anyhow::Result<Self> {
        let server = Server::behind(db).await?;
        Ok(Self { begun: read(server.as_ref(), metrics)?, server })
    }

    pub(super) async fn stop(self, db: &Database, metrics: &PrometheusHandle) -> anyhow::Result<Cost> {
        // The server counts a statement's time when it is done with it.
        db.ping().await?;
        let (begun, now) = (self.begun, read(self.server.as_ref(), metrics)?);
        let since = |(stage, spent): (String, f64)| {
            let before = begun.stages.get(&stage).copied().unwrap_or_default();
            (stage, spent - before)
        };
        Ok(Cost {
            process: now.process - begun.process,
            stages: now.stages.into_iter().map(since).collect(),
            sqlite: now.sqlite - begun.sqlite,
            postgres: now.postgres.zip(begun.postgres).map(|(now, before)| now - before),
        })
    }
}

fn read(server: Option<&Server>, metrics: &PrometheusHandle) -> anyhow::Result<Cost> {
    let process = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Cost {
        process: process.tv_sec as f64 * 1e6 + process.tv_nsec as f64 / 1e3,
        stages: stages(&metrics.render()),
        sqlite: threads("sqlx-sqlite")?,
        postgres: server.map(Server::spent).transpose()?,
    })
}

fn stages(rendered: &str) -> BTreeMap<String, f64> {
    let stage = |line: &str| {
        let (stage, count) = line.strip_prefix(STAGES)?.split_once("\"} ")?;
        Some((stage.to_owned(), count.parse::<f64>().ok()? / 1e3))
    };
    rendered.lines().filter_map(stage).collect()
}

/// The processor time of this process's threads whose name begins so.
fn threads(name: &str) -> anyhow::Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir("/proc/self/task").context("there is no /proc")? {
        let path = thread?.path();
        // A thread may end while we look.
        let (Ok(comm), Ok(spent)) = (fs::read_to_string(path.join("comm")), fs::read_to_string(path.join("schedstat")))
        else {
            continue;
        };
        if comm.starts_with(name) {
            nanoseconds += spent.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or_default();
        }
    }
    Ok(nanoseconds / 1e3)
}

/// The most memory that this process has had in hand, in bytes.
pub(super) fn peak_memory() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("there is no /proc")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("/proc tells no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// How large the database is, in bytes.
pub(super) async fn database_size(db: &Database) -> anyhow::Result<u64> {
    db.settle().await?;
    if let Some(file) = db.file() {
        return Ok(fs::metadata(file)?.len());
    }
    let size = Statement::from_string(DbBackend::Postgres, "SELECT pg_database_size(current_database())");
    let row = db.reader().query_one_raw(size).await?.context("the server tells no size")?;
    Ok(u64::try_from(row.try_get_by_index::<i64>(0)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_senders_stages_are_read_from_its_metric() {
        let rendered = "# TYPE eshot_sender_cpu_nanoseconds_total counter\n\
                        eshot_sender_cpu_nanoseconds_total{stage=\"mime\"} 2500\n\
                        eshot_deliveries_total{outcome=\"sent\"} 9\n";
        assert_eq!(stages(rendered), [("mime".to_owned(), 2.5)].into());
    }

    #[test]
    fn a_process_has_a_peak_of_memory() {
        assert!(peak_memory().unwrap() > 1_000_000);
    }
}
