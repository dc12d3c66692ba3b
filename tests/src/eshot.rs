use std::cell::Cell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use testkit::TestDb;

use crate::free_address;

/// Both generations of `testkit::keys`, so that a test can read and forge what the program writes.
const MASTER_KEYS: &str =
    "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=\n";

/// The real program as a child process, on a database of the test, with a brand and its form, talking to a relay of the test.
#[derive(Debug)]
pub struct Eshot {
    child: Child,
    http: SocketAddr,
    returns: SocketAddr,
    token: String,
    client: reqwest::Client,
    installation: Installation,
    /// How its clock was moved: it does not step back when its program is started again.
    clock: Cell<Moved>,
}

/// How a clock was moved.
#[derive(Copy, Clone, Debug, Default)]
struct Moved {
    /// Time has passed.
    passed: Duration,
    /// The wall clock was set, by so many seconds.
    set: i64,
}

/// A configuration in a folder of its own, for commands and for servers.
#[derive(Debug)]
pub struct Installation {
    folder: tempfile::TempDir,
    roles: Vec<String>,
}

impl Installation {
    /// Writes the configuration; `more` is TOML that goes over the tests' own settings, section by section.
    pub fn new(database: &str, relay: SocketAddr, more: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("eshot-test").tempdir().expect("a folder");
        fs::write(folder.path().join("master.keys"), MASTER_KEYS).expect("the keys");
        let base = format!(
            "database.url = \"{database}\"\n\
             keys.master_file = \"{}\"\n\
             http.base_url = \"https://news.example.test\"\n\
             http.public_rate = \"100000/m\"\n\
             relay.url = \"smtp://{relay}\"\n\
             relay.tls = \"none\"\n\
             sender.idle = \"50ms\"\n\
             scheduler.tick = \"100ms\"\n\
             dns.nameserver = \"127.0.0.1:9\"\n\
             serve.roles = [\"web\", \"sender\", \"feedback\", \"scheduler\"]\n\
             feedback.rate = \"100000/m\"\n\
             feedback.tarpit = \"0s\"\n",
            folder.path().join("master.keys").display(),
        );
        let mut settings: toml::Table = base.parse().expect("TOML");
        let more: toml::Table = more.parse().expect("more TOML");
        if more.contains_key("relays") {
            settings.remove("relay");
        }
        merge(&mut settings, more);
        fs::write(folder.path().join("eshot.toml"), settings.to_string()).expect("the configuration");
        let roles = settings["serve"]["roles"].as_array().expect("roles").iter();
        let roles = roles.map(|role| role.as_str().expect("a role").to_owned()).collect();
        Self { folder, roles }
    }

    /// A command of the program with this configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.current_dir(self.folder.path()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command and gives what it printed; a failure fails the test.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "eshot {arguments:?} failed:\n{out}\n{err}");
        out.into_owned()
    }

    /// Runs a command that may fail.
    pub fn try_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program to start")
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A brand, its topics and its form, and a token that may do everything.
    fn furnish(&self) -> String {
        self.run(&[
            "brand",
            "new",
            "--name",
            "Example",
            "--from",
            "news@example.test",
            "--postal-address",
            "1 Example Street\\nExampleton",
        ]);
        let printed = self.run(&["token", "new", "--name", "tests", "--scope", "admin"]);
        let token = printed.split_whitespace().find(|word| word.starts_with("eshot_"));
        token.unwrap_or_else(|| panic!("no token in {printed}")).to_owned()
    }
}

impl Eshot {
    /// Starts the program on a fresh database.
    pub fn start(db: &TestDb, relay: SocketAddr, more: &str) -> Self {
        Self::start_with_returns(db, relay, free_address(), more)
    }

    /// Starts the program, and lets it take returned mail where somebody was already told that it would.
    pub fn start_with_returns(db: &TestDb, relay: SocketAddr, returns: SocketAddr, more: &str) -> Self {
        let installation = Installation::new(db.url(), relay, more);
        let token = installation.furnish();
        Self::serve(installation, returns, token)
    }

    /// Starts the program on an empty database that is no `TestDb`.
    pub fn start_at(database: &str, relay: SocketAddr, more: &str) -> Self {
        let installation = Installation::new(database, relay, more);
        installation.run(&["migrate"]);
        let token = installation.furnish();
        Self::serve(installation, free_address(), token)
    }

    /// Starts one more instance on the database that another furnished.
    pub fn join(&self, db: &TestDb, relay: SocketAddr, more: &str) -> Self {
        Self::serve(Installation::new(db.url(), relay, more), free_address(), self.token.clone())
    }

    fn serve(installation: Installation, returns: SocketAddr, token: String) -> Self {
        let http = free_address();
        let child = spawn(&installation, http, returns, Moved::default());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        let eshot = Self { child, http, returns, token, client, installation, clock: Cell::default() };
        eshot.wait_until_it_answers();
        eshot
    }

    /// Kills it without a word, as a power cut would.
    pub fn kill(&mut self) {
        self.child.kill().expect("to kill it");
        self.child.wait().expect("its end");
    }

    /// Starts it again after it ended, on the same ports.
    pub fn restart(&mut self) {
        self.child = spawn(&self.installation, self.http, self.returns, self.clock.get());
        self.wait_until_it_answers();
    }

    /// Asks it to end and waits until it has.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().expect("its end")
    }

    /// Freezes it where it stands.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("to send a signal");
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let moved = self.clock.get();
        self.clock.set(Moved { passed: moved.passed + by, ..moved });
        self.order_clock(&format!("{}s", by.as_secs()));
    }

    /// Sets its wall clock ahead by so many seconds, or back, although no time has passed.
    pub fn set_clock(&self, seconds: i64) {
        self.set_clock_while_down(seconds);
        self.order_clock(&format!("{seconds:+}s"));
    }

    /// The same while it does not run: so it finds the clock when it is started again.
    pub fn set_clock_while_down(&self, seconds: i64) {
        let moved = self.clock.get();
        self.clock.set(Moved { set: moved.set + seconds, ..moved });
    }

    fn order_clock(&self, order: &str) {
        let mut stream = UnixStream::connect(self.installation.folder().join("clock")).expect("the clock's socket");
        writeln!(stream, "{order}").expect("to move the clock");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).expect("the clock's answer");
    }

    /// Where its pages and API are.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Where it takes returned mail.
    pub fn returns(&self) -> SocketAddr {
        self.returns
    }

    /// What runs its commands.
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.installation.folder().join("log")).unwrap_or_default()
    }

    /// A request to a path, or to a link out of a mail.
    pub fn request(&self, method: reqwest::Method, link: &str) -> reqwest::RequestBuilder {
        let path = link.strip_prefix("https://news.example.test").unwrap_or(link);
        self.client.request(method, format!("http://{}{path}", self.http))
    }

    /// The page at a path or link.
    pub async fn get(&self, link: &str) -> reqwest::Response {
        self.request(reqwest::Method::GET, link).send().await.expect("an answer")
    }

    /// Posts a form.
    pub async fn post(&self, link: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        self.request(reqwest::Method::POST, link).form(fields).send().await.expect("an answer")
    }

    /// A request to the API under `/api/v1`, with the token that may do everything.
    pub fn api(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, &format!("/api/v1{path}")).bearer_auth(&self.token)
    }

    /// Whoever has no role that answers is there when its clock is.
    fn wait_until_it_answers(&self) {
        let begun = Instant::now();
        let serves = |role: &str| self.installation.roles.iter().any(|has| has == role);
        let (web, feedback) = (serves("web"), serves("feedback"));
        let clock = self.installation.folder().join("clock");
        while UnixStream::connect(&clock).is_err()
            || web && TcpStream::connect(self.http).is_err()
            || feedback && TcpStream::connect(self.returns).is_err()
        {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not answer:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Eshot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            eprintln!("the program's last words:");
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(installation: &Installation, http: SocketAddr, returns: SocketAddr, moved: Moved) -> Child {
    let clock = installation.folder().join("clock");
    let _ = fs::remove_file(&clock);
    let log = fs::OpenOptions::new().create(true).append(true).open(installation.folder().join("log")).expect("a log");
    installation
        .command(&["serve"])
        .env("ESHOT_HTTP__LISTEN", http.to_string())
        .env("ESHOT_FEEDBACK__LISTEN", returns.to_string())
        .env("ESHOT_TEST_CLOCK", &clock)
        .env("ESHOT_TEST_CLOCK_AT", format!("{}s,{:+}s", moved.passed.as_secs(), moved.set))
        .stdout(log.try_clone().expect("the log twice"))
        .stderr(log)
        .spawn()
        .expect("the program to start")
}

/// The program that `ESHOT_TEST_PROGRAM` names, as script/test does with an optimised one; else the one that cargo built beside
/// this test, as `cargo test --workspace --features eshot/test-clock` does.
fn program() -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().expect("the test's own path");
        test.ancestors().nth(2).expect("a target folder").join("eshot")
    };
    let program = std::env::var_os("ESHOT_TEST_PROGRAM").map_or_else(beside, PathBuf::from);
    assert!(program.exists(), "{} is not built: cargo build -p eshot --features test-clock", program.display());
    program
}

fn merge(settings: &mut toml::Table, more: toml::Table) {
    for (key, value) in more {
        match (settings.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => drop(settings.insert(key, value)),
        }
    }
}
