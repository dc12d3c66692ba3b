use std::fs;

use anyhow::Context as _;
use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// Linux tells processor times in hundredths of a second on every architecture that we build for (`USER_HZ`, proc(5)).
const MICROSECONDS_PER_TICK: f64 = 10_000.0;

/// A PostgreSQL server on this machine.
pub(super) struct Server {
    postmaster: u32,
}

/// What `/proc/PID/stat` tells of a process.
struct Stat {
    parent: u32,
    /// User and system time, in ticks.
    own: u64,
    /// The same of its children that have ended.
    ended: u64,
}

impl Server {
    /// The server that we are connected to, if it is PostgreSQL and its processes can be seen from here.
    pub(super) async fn behind(db: &Database) -> anyhow::Result<Option<Self>> {
        if db.backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let pid = Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid()");
        let row = db.reader().query_one_raw(pid).await?.context("the server tells no pid")?;
        let pid = u32::try_from(row.try_get_by_index::<i32>(0)?)?;
        // On another machine the number is somebody else's.
        if !is_postgres(pid) {
            return Ok(None);
        }
        let postmaster = stat(pid).map(|stat| stat.parent);
        Ok(postmaster.filter(|pid| is_postgres(*pid)).map(|postmaster| Self { postmaster }))
    }

    /// The processor time of all its processes since it was started, in microseconds.
    pub(super) fn spent(&self) -> anyhow::Result<f64> {
        let main = stat(self.postmaster).context("the PostgreSQL server is gone")?;
        let mut ticks = main.own + main.ended;
        for process in fs::read_dir("/proc").context("there is no /proc")? {
            let pid = process?.file_name().to_str().and_then(|name| name.parse().ok());
            let child = pid.and_then(stat).filter(|stat| stat.parent == self.postmaster);
            ticks += child.map_or(0, |child| child.own + child.ended);
        }
        Ok(ticks as f64 * MICROSECONDS_PER_TICK)
    }
}

fn is_postgres(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == "postgres")
}

fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name stands in brackets and may hold anything, so what follows is counted from its end.
fn parse(stat: &str) -> Option<Stat> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended: number(13)? + number(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_it_calls_itself() {
        let line = "9872 (a) b (c) S 1 9872 9872 0 -1 4194560 7 8 9 10 21 22 33 34 20 0 1 0 100 1 1";
        let stat = parse(line).unwrap();
        assert_eq!((stat.parent, stat.own, stat.ended), (1, 43, 67));
        assert!(parse("").is_none());
    }
}
