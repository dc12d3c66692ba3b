//! Another program's view of the file system, in which it finds what it needs and nothing else is changed.

use std::fs;
use std::path::{Path, PathBuf};

/// The users that these servers look up by name, and who owns the mail that they deliver. They exist in the server's own view only.
const USERS: [(&str, u32); 6] = [
    ("opensmtpd", 64_101),
    ("opensmtpq", 64_102),
    ("Debian-exim", 64_103),
    ("mailbox", MAILBOX),
    ("dovecot", 64_105),
    ("dovenull", 64_106),
];

/// Who owns mail that was delivered.
pub(crate) const MAILBOX: u32 = 64_104;

/// Where `script/test` has unpacked the servers.
pub(crate) fn unpacked() -> PathBuf {
    let named = std::env::var_os("ESHOT_TEST_MAIL_SERVERS").map(PathBuf::from);
    named.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/mail-servers")))
}

/// What every server looks for in its `/etc`: this machine's libraries and names, and the users.
pub(crate) fn furnish(etc: &Path) -> std::io::Result<()> {
    fs::create_dir_all(etc)?;
    for name in ["ld.so.cache", "nsswitch.conf", "hosts", "resolv.conf", "services", "protocols"] {
        if let Ok(known) = fs::read(Path::new("/etc").join(name)) {
            fs::write(etc.join(name), known)?;
        }
    }
    let (mut passwd, mut group) = (fs::read_to_string("/etc/passwd")?, fs::read_to_string("/etc/group")?);
    for (name, id) in USERS {
        passwd.push_str(&format!("{name}:x:{id}:{id}::/nonexistent:/usr/sbin/nologin\n"));
        group.push_str(&format!("{name}:x:{id}:\n"));
    }
    fs::write(etc.join("passwd"), passwd)?;
    fs::write(etc.join("group"), group)
}
