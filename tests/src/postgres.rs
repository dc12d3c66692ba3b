use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::free_address;

/// A PostgreSQL of the test's own, which can be stopped and started again. It ends with the test.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

/// How a PostgreSQL is stopped, in `pg_ctl`'s words.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are told, and what they have not committed is rolled back.
    Fast,
    /// As a crash: sessions break off, and the next start recovers.
    Immediate,
}

impl Postgres {
    /// Starts an empty one, or says why there is none: PostgreSQL 15 or newer is not installed.
    pub fn start() -> Result<Self, String> {
        let programs = newest().ok_or("PostgreSQL 15 or newer is not installed")?;
        let folder = tempfile::Builder::new().prefix("eshot-postgres").tempdir().map_err(|e| e.to_string())?;
        // It refuses to run as root, and another user must reach its data through this folder.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
        let server = Self { programs, folder, port: free_address().port() };
        fs::create_dir(server.data()).map_err(|e| e.to_string())?;
        if rustix::process::getuid().is_root() {
            let owned = Command::new("chown").arg("postgres:").arg(server.data()).status();
            owned.ok().filter(|status| status.success()).ok_or("there is no user postgres")?;
        }
        let like = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"];
        server.run("initdb", &like)?;
        server.start_up()?;
        Ok(server)
    }

    /// Its address, for a program.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops it.
    pub fn stop(&self, how: Stop) {
        let mode = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        self.run("pg_ctl", &["-s", "-w", "-m", mode, "stop"]).expect("to stop PostgreSQL");
    }

    /// Starts it again, on the same port.
    pub fn start_again(&self) {
        self.start_up().expect("PostgreSQL to start again");
    }

    fn start_up(&self) -> Result<(), String> {
        let (data, log) = (self.data(), self.data().join("log"));
        // Nobody cuts the power, so that it need not wait for the disk.
        let options = format!("-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off", self.port, data.display());
        self.run("pg_ctl", &["-s", "-w", "-l", &log.display().to_string(), "-o", &options, "start"])
            .map_err(|why| format!("{why}: {}", fs::read_to_string(log).unwrap_or_default()))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let program = self.programs.join(program);
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        command.arg("-D").arg(self.data()).args(arguments).current_dir("/");
        // The server inherits what pg_ctl has: a pipe would never end.
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{} {arguments:?}: {status}", program.display())),
            Err(error) => Err(format!("{}: {error}", program.display())),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It may be stopped already. pg_ctl ends the server whose pid stands in the folder, and no other.
        let _ = self.run("pg_ctl", &["-s", "-w", "-m", "immediate", "stop"]);
    }
}

/// Debian's folder of the newest version, if it is new enough.
fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| Some((number(&entry.path())?, entry.path().join("bin")))).max()?;
    Some(newest).filter(|(version, programs)| *version >= 15 && programs.join("initdb").exists()).map(|(_, at)| at)
}
