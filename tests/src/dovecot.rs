use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use testkit::smtp::Certificate;
use testkit::tls::Identity;

use crate::free_address;
use crate::view::{self, MAILBOX, unpacked};

/// For how long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lays the package over `/usr`, for the server looks for its parts there, and gives it an `/etc`, `/var` and `/run` of its own. This shell
/// is the first process of the view, and all others end with it.
const VIEW: &str = "mount -t overlay overlay -o lowerdir=\"$1\"/usr:/usr /usr; \
                    for name in etc var run; do mount --bind \"$2/$name\" \"/$name\"; done; \
                    dovecot -F -c /etc/dovecot.conf & wait";

/// The packages, both unpacked into the folder of the first.
const PACKAGE: &str = "dovecot-core";

/// Dovecot with one mailbox, which everybody may log in to who knows the password. `script/test` unpacks what Debian has of it.
#[derive(Debug)]
pub struct Dovecot {
    child: Option<Child>,
    plain: SocketAddr,
    implicit: SocketAddr,
    folder: tempfile::TempDir,
    delivered: AtomicUsize,
}

/// A folder of the mailbox.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Where mail comes in.
    Inbox,
    /// Where it goes that was dealt with.
    Processed,
    /// Where it goes that was not.
    Unreadable,
}

impl Dovecot {
    /// Whose mailbox it is.
    pub const USER: &str = "returns@example.test";
    /// The password of the mailbox.
    pub const PASSWORD: &str = "open \\ \"sesame\"";

    /// Starts one, or says why there is none: it is not unpacked, or this is not root.
    pub fn start() -> Result<Self, String> {
        Self::start_with(Certificate::Good, "")
    }

    /// The same with this certificate and these lines in its configuration.
    pub fn start_with(certificate: Certificate, more: &str) -> Result<Self, String> {
        let package = unpacked().join(PACKAGE);
        if !package.join("usr/lib/dovecot/imap").exists() {
            return Err(format!("Dovecot is not unpacked in {}", unpacked().display()));
        }
        if !rustix::process::getuid().is_root() {
            return Err("a mail server with a view of its own can only be started by root".to_owned());
        }
        let launched = Self::furnish(certificate, more).and_then(|mut server| {
            server.resume()?;
            Ok(server)
        });
        launched.map_err(|error| format!("Dovecot does not start: {error}"))
    }

    /// Where it listens; STARTTLS is offered and not asked for.
    pub fn plain(&self) -> SocketAddr {
        self.plain
    }

    /// Where it listens with TLS from the first byte.
    pub fn implicit(&self) -> SocketAddr {
        self.implicit
    }

    /// The certificate by which it is known.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("etc/certificate.pem")
    }

    /// Puts a mail into INBOX, as an MTA does.
    pub fn deliver(&self, mail: &[u8]) {
        let name = format!("{:06}.eshot", self.delivered.fetch_add(1, Ordering::Relaxed));
        let maildir = self.folder.path().join("mail");
        let (written, here) = (maildir.join("tmp").join(&name), maildir.join("new").join(&name));
        fs::write(&written, mail).expect("to write a mail");
        chown(&written, Some(MAILBOX), Some(MAILBOX)).expect("to give it to its owner");
        fs::rename(&written, &here).expect("to deliver a mail");
    }

    /// The mails in a folder, oldest first.
    pub fn mails(&self, folder: Folder) -> Vec<Vec<u8>> {
        let maildir = self.folder.path().join("mail").join(match folder {
            Folder::Inbox => "",
            Folder::Processed => ".Processed",
            Folder::Unreadable => ".Unreadable",
        });
        let files = ["new", "cur"].into_iter().flat_map(|name| fs::read_dir(maildir.join(name)).into_iter().flatten());
        let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        files.iter().filter_map(|file| fs::read(file).ok()).collect()
    }

    /// What it has said so far, for a test that fails.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("out")).unwrap_or_default()
    }

    /// Ends it, with every connection.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    /// Starts it again, on the same ports and with the same mails.
    pub fn resume(&mut self) -> std::io::Result<()> {
        let folder = self.folder.path();
        let out = fs::File::options().create(true).append(true).open(folder.join("out"))?;
        let mut command = Command::new("unshare");
        command.args([
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
            "sh",
            "-ec",
            VIEW,
            "sh",
        ]);
        command.arg(unpacked().join(PACKAGE)).arg(folder);
        command.current_dir("/").stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        self.child = Some(command.spawn()?);
        let begun = Instant::now();
        while [self.plain, self.implicit].iter().any(|port| TcpStream::connect(port).is_err()) {
            if begun.elapsed() > PATIENCE {
                return Err(std::io::Error::other(format!("no answer: {}", self.log())));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Everything that it needs, before it runs.
    fn furnish(certificate: Certificate, more: &str) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("eshot-dovecot").tempdir()?;
        let root = folder.path();
        fs::set_permissions(root, fs::Permissions::from_mode(0o755))?;
        for made in ["var/lib/dovecot", "run", "mail/tmp", "mail/new", "mail/cur"] {
            fs::create_dir_all(root.join(made))?;
        }
        for owned in ["mail", "mail/tmp", "mail/new", "mail/cur"] {
            chown(root.join(owned), Some(MAILBOX), Some(MAILBOX))?;
        }
        symlink("/run", root.join("var/run"))?;
        let etc = root.join("etc");
        view::furnish(&etc)?;
        let identity = Identity::new(certificate);
        fs::write(etc.join("certificate.pem"), &identity.pem)?;
        fs::write(etc.join("key.pem"), &identity.key)?;
        fs::write(etc.join("passwords"), format!("{}:{{PLAIN}}{}\n", Self::USER, Self::PASSWORD))?;
        let (plain, implicit) = (free_address(), free_address());
        fs::write(etc.join("dovecot.conf"), configuration(&root.join("mail"), plain, implicit, more))?;
        Ok(Self { child: None, plain, implicit, folder, delivered: AtomicUsize::new(0) })
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Dovecot's manual, "Settings". Who logs in may use the password in the clear, for all this is on one machine.
fn configuration(mail: &Path, plain: SocketAddr, implicit: SocketAddr, more: &str) -> String {
    let mail = mail.display();
    format!(
        "protocols = imap\n\
         listen = 127.0.0.1\n\
         base_dir = /run/dovecot\n\
         state_dir = /var/lib/dovecot\n\
         log_path = /dev/stderr\n\
         first_valid_uid = 1\n\
         mail_location = maildir:{mail}\n\
         mail_fsync = never\n\
         ssl = yes\n\
         ssl_cert = </etc/certificate.pem\n\
         ssl_key = </etc/key.pem\n\
         passdb {{\n  driver = passwd-file\n  args = scheme=PLAIN /etc/passwords\n}}\n\
         userdb {{\n  driver = static\n  args = uid=mailbox gid=mailbox home={mail}\n}}\n\
         service imap-login {{\n\
         \x20 inet_listener imap {{\n    port = {plain}\n  }}\n\
         \x20 inet_listener imaps {{\n    port = {implicit}\n    ssl = yes\n  }}\n\
         }}\n\
         {more}\n",
        plain = plain.port(),
        implicit = implicit.port(),
    )
}
