//! A folder that takes mail in the place of a relay: for trying things out, and where another program takes it from there.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use domain::SmtpReply;
use outbox::{Phase, Submitted};
use tempfile::NamedTempFile;
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
        let outcome = self
            .blocking(|path| partial(path, b""))
            .await
            .map(|_| "mail is written here, and reaches nobody".to_owned());
        Probe { steps: vec![Step { phase: Phase::Connect, outcome: outcome.map_err(Problem::Folder) }] }
    }

    /// Whether it is there and takes files.
    pub(crate) async fn open(&self) -> Result<(), OpenError> {
        let taken = self.blocking(|path| partial(path, b"")).await;
        let failed = |error| OpenError { relay: self.name(), phase: Phase::Connect, problem: Problem::Folder(error) };
        taken.map(drop).map_err(failed)
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
    let partial = match partial(folder, raw) {
        Ok(partial) => partial,
        // No message was offered to anybody.
        Err(error) => return broken(Phase::Connect, error),
    };
    let withheld = !guard();
    if withheld {
        return Ended::Withheld { phase: Phase::Body };
    }
    // Another installation's mail, or that of a database before this one, may have the name. The next attempt has another.
    match partial.persist_noclobber(folder.join(name)) {
        Ok(_) => settled(folder, name),
        Err(error) => broken(Phase::Connect, error.error),
    }
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

/// A file that nobody takes for a message, on the disk as a whole; it goes unless it is given a name. Only its owner may read it.
fn partial(folder: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
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
    fn a_name_that_is_taken_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.1-1.eml"), "another's").unwrap();
        let guard: Guard = Arc::new(|| true);
        let ended = keep(folder.path(), "1.1-1.eml", b"whole", &guard);
        assert!(matches!(ended, Ended::Broken { phase: Phase::Connect, .. }), "{ended:?}");
        assert_eq!(fs::read(folder.path().join("1.1-1.eml")).unwrap(), b"another's");
        let ended = keep(folder.path(), "1.1-2.eml", b"whole", &guard);
        assert_eq!(ended.reply().unwrap().to_string(), "250 2.0.0 written as 1.1-2.eml");
        assert_eq!(fs::read(folder.path().join("1.1-2.eml")).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }
}
