//! A folder that takes mail in the place of a relay: for trying things out, and where another program takes it from there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::SmtpReply;
use outbox::{Phase, Submitted};
use url::Url;

use crate::connection::{Ended, Guard, OpenError, Problem};
use crate::relay::{Probe, Step};

/// A folder in which each message becomes a file.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// The URL names no folder of this machine.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a folder's URL is file:// and its whole path, as in file:///var/spool/eshot")]
pub struct InvalidFolder;

impl Folder {
    /// The folder of a `file:` URL. It need not be there yet.
    pub fn new(url: &Url) -> Result<Self, InvalidFolder> {
        let bare = url.scheme() == "file" && url.query().is_none() && url.fragment().is_none();
        let path = url.to_file_path().map_err(|()| InvalidFolder)?;
        if bare { Ok(Self { path }) } else { Err(InvalidFolder) }
    }

    /// The name in attempts, logs and reports.
    pub fn name(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// Sees whether it takes files, and leaves none.
    pub async fn probe(&self) -> Probe {
        let tried = self.blocking(|path| {
            let file = path.join(".eshot-check");
            write(&file, b"").and_then(|()| fs::remove_file(&file))
        });
        let outcome = tried.await.map(|()| "mail is written here, and reaches nobody".to_owned());
        Probe { steps: vec![Step { phase: Phase::Connect, outcome: outcome.map_err(Problem::Folder) }] }
    }

    /// Whether it is there.
    pub(crate) async fn open(&self) -> Result<(), OpenError> {
        let there = self.blocking(|path| fs::read_dir(path).map(drop)).await;
        let failed = |error| OpenError { relay: self.name(), phase: Phase::Connect, problem: Problem::Folder(error) };
        there.map_err(failed)
    }

    /// Writes one message under a name that no other attempt has. It has that name only once it is whole and on the disk.
    pub(crate) async fn put(&self, submitted: Submitted, raw: Vec<u8>, guard: Guard) -> Ended {
        let name = format!("{}-{}.eml", submitted.key, submitted.attempt);
        let kept = self.blocking(move |path| Ok(keep(path, &name, &raw, &guard))).await;
        // Whoever fell over may have done so behind the last step.
        kept.unwrap_or_else(|error| Ended::Broken { phase: Phase::Dot, problem: Problem::Folder(error) })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || work(&path)).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

fn keep(folder: &Path, name: &str, raw: &[u8], guard: &Guard) -> Ended {
    if !guard() {
        return Ended::Withheld { phase: Phase::MailFrom };
    }
    let (partial, whole) = (folder.join(format!(".{name}")), folder.join(name));
    let ended = match write(&partial, raw).and_then(|()| is_free(&whole)) {
        Ok(()) if !guard() => Ended::Withheld { phase: Phase::Body },
        Ok(()) => match fs::rename(&partial, &whole) {
            Ok(()) => return settled(folder, name),
            Err(error) => broken(Phase::Body, error),
        },
        Err(error) => broken(Phase::Body, error),
    };
    // It may not even be there; and nobody takes it for a message.
    let _ = fs::remove_file(&partial);
    ended
}

/// The name is the folder's to remember: before that is on the disk, a power cut may take it back.
fn settled(folder: &Path, name: &str) -> Ended {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Ok(()) => Ended::Accepted(SmtpReply::new(250, &format!("2.0.0 written as {name}"))),
        Err(error) => broken(Phase::Dot, error),
    }
}

fn broken(phase: Phase, error: io::Error) -> Ended {
    Ended::Broken { phase, problem: Problem::Folder(error) }
}

/// Another installation's mail, or that of a database before this one, may have the name. The next attempt has another.
fn is_free(file: &Path) -> io::Result<()> {
    match fs::symlink_metadata(file) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("there is a {} already", file.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Mail is nobody else's to read.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn nothing_is_left_of_a_message_that_may_no_longer_go() {
        let folder = tempfile::tempdir().unwrap();
        for (yes, phase) in [(0, Phase::MailFrom), (1, Phase::Body)] {
            let asked = AtomicUsize::new(0);
            let guard: Guard = Arc::new(move || asked.fetch_add(1, Ordering::Relaxed) < yes);
            let ended = keep(folder.path(), "1.1-1.eml", b"x", &guard);
            assert!(matches!(ended, Ended::Withheld { phase: found } if found == phase), "{ended:?}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{phase}");
        }
    }

    #[test]
    fn what_a_killed_program_left_half_is_no_message_and_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".1.1-1.eml"), "half, and longer than the whole").unwrap();
        let guard: Guard = Arc::new(|| true);
        let ended = keep(folder.path(), "1.1-1.eml", b"whole", &guard);
        assert_eq!(ended.reply().unwrap().to_string(), "250 2.0.0 written as 1.1-1.eml");
        assert_eq!(fs::read(folder.path().join("1.1-1.eml")).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
