use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::smtp::Certificate;
use testkit::tls::Identity;

use crate::free_address;
use crate::view::{self, MAILBOX, unpacked};

/// For how long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Gives a server its view of the file system, and waits for it. This shell is the first process there, which ends the others with it,
/// and is itself ended with the one that started it; a server that changes its user would not be.
const VIEW: &str = "while [ \"$1\" != -- ]; do mount --bind \"$1\" \"$2\"; shift 2; done; shift; \"$@\" & wait";

/// Another program's mail server, which takes mail for everybody and puts it in one folder. `script/test` unpacks what
/// Debian has of it, for one machine cannot have two of them installed; it runs where it sees an `/etc` and a `/var` of its own, and
/// ends with the test.
#[derive(Debug)]
pub struct MailServer {
    child: Child,
    ports: Ports,
    folder: tempfile::TempDir,
}

/// Where a mail server listens.
#[derive(Copy, Clone, Debug)]
pub struct Ports {
    /// Without encryption.
    pub plain: SocketAddr,
    /// Nothing is taken before STARTTLS.
    pub starttls: SocketAddr,
    /// With TLS from the first byte.
    pub implicit: SocketAddr,
}

/// Which.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Make {
    /// <https://www.opensmtpd.org>
    OpenSmtpd,
    /// <https://www.exim.org>
    Exim,
}

impl Make {
    /// Debian's package, which is where it was unpacked.
    const fn package(self) -> &'static str {
        match self {
            Self::OpenSmtpd => "opensmtpd",
            Self::Exim => "exim4-daemon-light",
        }
    }

    /// The folders of the package, and where the server looks for them.
    const fn places(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::OpenSmtpd => &[("usr/sbin", "/usr/local/sbin"), ("usr/libexec", "/usr/libexec")],
            Self::Exim => &[("usr/sbin", "/usr/local/sbin")],
        }
    }

    /// Whether its TLS works. That of OpenSMTPD 6.8, which Debian 12 has, does not get along with OpenSSL 3: it answers every
    /// handshake with an internal error (<https://github.com/OpenSMTPD/OpenSMTPD/issues/1171>).
    pub const fn speaks_tls(self) -> bool {
        matches!(self, Self::Exim)
    }

    const fn command(self) -> &'static [&'static str] {
        match self {
            Self::OpenSmtpd => &["/usr/local/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf"],
            Self::Exim => &["/usr/local/sbin/exim4", "-bdf"],
        }
    }
}

impl MailServer {
    /// Starts one, or says why there is none: it is not unpacked, or this is not root.
    pub fn start(make: Make) -> Result<Self, String> {
        let package = unpacked().join(make.package());
        if !package.join("usr/sbin").exists() {
            return Err(format!("{make:?} is not unpacked in {}", unpacked().display()));
        }
        if !rustix::process::getuid().is_root() {
            return Err("a mail server with a view of its own can only be started by root".to_owned());
        }
        Self::launch(make, &package).map_err(|error| format!("{make:?} does not start: {error}"))
    }

    fn launch(make: Make, package: &Path) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("eshot-server").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let ports = Ports { plain: free_address(), starttls: free_address(), implicit: free_address() };
        furnish(folder.path(), make, ports)?;
        let out = fs::File::create(folder.path().join("out"))?;
        let places: Vec<(PathBuf, &str)> = make.places().iter().map(|(from, to)| (package.join(from), *to)).collect();
        let places = places.iter().map(|(from, to)| (from.as_path(), *to));
        let own = ["etc", "var", "run"].map(|name| (folder.path().join(name), format!("/{name}")));
        let own = own.iter().map(|(from, to)| (from.as_path(), to.as_str()));
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-ec"]);
        command.arg(VIEW).arg("sh");
        for (from, to) in places.chain(own) {
            command.arg(from).arg(to);
        }
        command.arg("--").args(make.command());
        command.current_dir("/").stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn()?;
        let server = Self { child, ports, folder };
        server.wait_until_it_answers(make)?;
        Ok(server)
    }

    /// Where it listens.
    pub const fn ports(&self) -> Ports {
        self.ports
    }

    /// The certificate by which it is known, for a relay's `certificates`.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("etc/certificate.pem")
    }

    /// The mails that it has delivered, in no order.
    pub fn mails(&self) -> Vec<Vec<u8>> {
        let files = fs::read_dir(self.folder.path().join("mail/new")).into_iter().flatten().flatten();
        files.filter_map(|file| fs::read(file.path()).ok()).collect()
    }

    /// What it has said so far, for a test that fails.
    pub fn log(&self) -> String {
        let logs = ["out", "var/log/exim4/mainlog", "var/log/exim4/paniclog"];
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        logs.map(read).concat()
    }

    fn wait_until_it_answers(&self, make: Make) -> std::io::Result<()> {
        let (begun, Ports { plain, starttls, implicit }) = (Instant::now(), self.ports);
        let ports = if make.speaks_tls() { vec![plain, starttls, implicit] } else { vec![plain] };
        while ports.iter().any(|port| TcpStream::connect(port).is_err()) {
            if begun.elapsed() > PATIENCE {
                return Err(std::io::Error::other(format!("no answer: {}", self.log())));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Its own `/etc`, `/var` and `/run`, and the folder for the mail.
fn furnish(folder: &Path, make: Make, ports: Ports) -> std::io::Result<()> {
    let etc = folder.join("etc");
    for made in ["etc/exim4", "var/spool/exim4", "var/log/exim4", "var/lib/opensmtpd/empty", "run", "mail"] {
        fs::create_dir_all(folder.join(made))?;
    }
    symlink("/run", folder.join("var/run"))?;
    view::furnish(&etc)?;
    fs::write(etc.join("mailname"), "relay.example.test\n")?;
    let identity = Identity::new(Certificate::Good);
    fs::write(etc.join("certificate.pem"), &identity.pem)?;
    fs::write(etc.join("key.pem"), &identity.key)?;
    let mail = folder.join("mail");
    match make {
        Make::OpenSmtpd => {
            chown(&mail, Some(MAILBOX), Some(MAILBOX))?;
            fs::write(etc.join("smtpd.conf"), opensmtpd(&mail, ports.plain))
        }
        Make::Exim => {
            let owner = Some(64_103);
            for own in [etc.join("key.pem"), folder.join("var/spool/exim4"), folder.join("var/log/exim4")] {
                chown(own, owner, owner)?;
            }
            chown(&mail, Some(MAILBOX), Some(MAILBOX))?;
            fs::write(etc.join("exim4/exim4.conf"), exim(&mail, ports))
        }
    }
}

/// smtpd.conf(5).
fn opensmtpd(mail: &Path, plain: SocketAddr) -> String {
    format!(
        "table everybody {{ \"@\" = \"mailbox\" }}\n\
         listen on 127.0.0.1 port {} hostname relay.example.test\n\
         action \"keep\" maildir \"{}\" virtual <everybody>\n\
         match from any for any action \"keep\"\n",
        plain.port(),
        mail.display(),
    )
}

/// The Exim specification, chapter 13 and on. Where STARTTLS is offered nothing is taken without it.
fn exim(mail: &Path, Ports { plain, starttls, implicit }: Ports) -> String {
    format!(
        "primary_hostname = relay.example.test\n\
         exim_path = /usr/local/sbin/exim4\n\
         local_interfaces = 127.0.0.1\n\
         daemon_smtp_ports = {plain} : {starttls} : {implicit}\n\
         tls_on_connect_ports = {implicit}\n\
         tls_advertise_hosts = ${{if eq{{$received_port}}{{{plain}}}{{}}{{*}}}}\n\
         tls_certificate = /etc/certificate.pem\n\
         tls_privatekey = /etc/key.pem\n\
         host_lookup =\n\
         rfc1413_hosts =\n\
         keep_environment =\n\
         never_users = root\n\
         acl_smtp_rcpt = take\n\
         begin acl\n\
         take:\n\
         \x20 accept condition = ${{if eq{{$received_port}}{{{plain}}}}}\n\
         \x20 accept encrypted = *\n\
         \x20 deny message = encryption is required\n\
         begin routers\n\
         everybody:\n\
         \x20 driver = accept\n\
         \x20 transport = keep\n\
         begin transports\n\
         keep:\n\
         \x20 driver = appendfile\n\
         \x20 directory = {mail}\n\
         \x20 maildir_format\n\
         \x20 user = mailbox\n\
         \x20 group = mailbox\n\
         begin retry\n\
         * * F,1m,1s\n",
        plain = plain.port(),
        starttls = starttls.port(),
        implicit = implicit.port(),
        mail = mail.display(),
    )
}
