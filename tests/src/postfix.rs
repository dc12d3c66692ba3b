use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MASTER: &str = "/usr/lib/postfix/sbin/master";

/// A Postfix of the test's own: a relay that takes mail on one port of the loopback, hands each domain to where it is told,
/// and returns what it cannot deliver as a genuine delivery report. It ends with the test.
#[derive(Debug)]
pub struct Postfix {
    child: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

/// Where mail for a domain goes.
#[derive(Debug)]
pub struct Route<'a> {
    /// The domain.
    pub domain: &'a str,
    /// The server that takes it.
    pub server: SocketAddr,
}

impl Postfix {
    /// Starts one, or says why there is none: Postfix is not installed, or this is not root (its queue needs users).
    pub fn start(routes: &[Route<'_>]) -> Result<Self, String> {
        Self::start_with(routes, "")
    }

    /// Starts one with more lines in its `main.cf`; what is set twice is what the later line says.
    pub fn start_with(routes: &[Route<'_>], more: &str) -> Result<Self, String> {
        Self::start_with_services(routes, more, "")
    }

    /// Starts one with more lines in its `main.cf`, and in its `master.cf`.
    pub fn start_with_services(routes: &[Route<'_>], more: &str, services: &str) -> Result<Self, String> {
        if !Path::new(MASTER).exists() {
            return Err("postfix is not installed".to_owned());
        }
        if !rustix::process::getuid().is_root() {
            return Err("postfix can only be started by root".to_owned());
        }
        let folder = tempfile::Builder::new().prefix("eshot-postfix").tempdir().map_err(|e| e.to_string())?;
        // Its daemons run as the user postfix and must reach the queue through this folder.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).map_err(|e| e.to_string())?;
        let address = free_address();
        configure(folder.path(), address, routes, more, services).map_err(|e| e.to_string())?;
        let log = fs::File::create(folder.path().join("out")).map_err(|e| e.to_string())?;
        let child = Command::new(MASTER)
            .args(["-d", "-c"])
            .arg(folder.path().join("conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| e.to_string())?)
            .stderr(log)
            .spawn()
            .map_err(|e| e.to_string())?;
        let postfix = Self { child, address, folder };
        postfix.wait_until_it_answers()?;
        Ok(postfix)
    }

    /// The port that takes mail.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has logged so far, for a test that fails.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("queue/log")).unwrap_or_default()
    }

    fn wait_until_it_answers(&self) -> Result<(), String> {
        let begun = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err(format!("postfix does not answer: {}", self.log()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // SIGTERM lets the master end its daemons; SIGKILL would leave them behind.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        drop(self.child.wait());
    }
}

/// A port of the loopback that was free a moment ago.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap_or_else(|error| panic!("no port is free: {error}"));
    listener.local_addr().unwrap_or_else(|error| panic!("a bound port has no address: {error}"))
}

fn configure(
    folder: &Path,
    address: SocketAddr,
    routes: &[Route<'_>],
    more: &str,
    more_services: &str,
) -> std::io::Result<()> {
    let (conf, queue, data) = (folder.join("conf"), folder.join("queue"), folder.join("data"));
    for made in [&conf, &queue, &data] {
        fs::create_dir(made)?;
    }
    own(std::slice::from_ref(&data), "postfix", 0o700)?;
    let private =
        ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"];
    let folders: Vec<PathBuf> = private.iter().map(|name| queue.join(name)).collect();
    for made in &folders {
        fs::create_dir(made)?;
    }
    own(&folders, "postfix", 0o700)?;
    for name in ["public", "maildrop", "pid"] {
        fs::create_dir(queue.join(name))?;
    }
    own(&[queue.join("public"), queue.join("maildrop")], "postfix:postdrop", 0o730)?;
    let domains: Vec<&str> = routes.iter().map(|route| route.domain).collect();
    let transports: Vec<String> = routes
        .iter()
        .map(|route| format!("{{{} = smtp:[{}]:{}}}", route.domain, route.server.ip(), route.server.port()))
        .collect();
    let main = format!(
        "compatibility_level = 3.6\n\
         queue_directory = {queue}\n\
         data_directory = {data}\n\
         mail_owner = postfix\n\
         setgid_group = postdrop\n\
         myhostname = relay.example.test\n\
         mydestination =\n\
         mynetworks = 127.0.0.0/8\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         relay_domains = {domains}\n\
         smtpd_relay_restrictions = permit_mynetworks, reject\n\
         transport_maps = inline:{{ {transports} }}\n\
         maillog_file = {queue}/log\n\
         maillog_file_prefixes = {folder}\n\
         smtp_tls_security_level = none\n\
         smtpd_tls_security_level = none\n\
         smtpd_peername_lookup = no\n\
         disable_dns_lookups = yes\n\
         {more}\n",
        queue = queue.display(),
        data = data.display(),
        folder = folder.display(),
        domains = domains.join(", "),
        transports = transports.join(", "),
    );
    fs::write(conf.join("main.cf"), main)?;
    fs::write(conf.join("master.cf"), services(address) + more_services)
}

/// Debian's daemons, none of them in a chroot, with one port of ours.
fn services(address: SocketAddr) -> String {
    format!(
        "{address} inet n - n - - smtpd\n\
         cleanup unix n - n - 0 cleanup\n\
         qmgr unix n - n 300 1 qmgr\n\
         rewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\n\
         defer unix - - n - 0 bounce\n\
         trace unix - - n - 0 bounce\n\
         verify unix - - n - 1 verify\n\
         flush unix n - n 1000? 0 flush\n\
         proxymap unix - - n - - proxymap\n\
         smtp unix - - n - - smtp\n\
         relay unix - - n - - smtp\n\
         lmtp unix - - n - - lmtp\n\
         error unix - - n - - error\n\
         retry unix - - n - - error\n\
         discard unix - - n - - discard\n\
         anvil unix - - n - 1 anvil\n\
         scache unix - - n - 1 scache\n\
         postlog unix-dgram n - n - 1 postlogd\n"
    )
}

fn own(paths: &[PathBuf], owner: &str, mode: u32) -> std::io::Result<()> {
    let done = Command::new("chown").arg(owner).args(paths).status()?;
    if !done.success() {
        return Err(std::io::Error::other(format!("chown {owner} failed")));
    }
    paths.iter().try_for_each(|path| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
}
