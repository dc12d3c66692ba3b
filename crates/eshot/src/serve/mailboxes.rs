use feedback::imap::Reader;
use links::Links;
use tokio::task::JoinSet;

use super::Shared;
use crate::mailbox::mailboxes;

/// The task that reads the mailboxes which the configuration names, none of them waiting for another; nothing where there is none.
pub(super) fn start(shared: Shared) -> anyhow::Result<Option<impl Future<Output = anyhow::Result<()>> + Send + use<>>> {
    let blamed = |blamed: Vec<crate::relay::Blamed>| {
        let said: Vec<String> = blamed.into_iter().map(|blamed| format!("{}: {}", blamed.key, blamed.what)).collect();
        anyhow::anyhow!(said.join("\n"))
    };
    let mailboxes = mailboxes(&shared.context.config).map_err(blamed)?;
    if mailboxes.is_empty() {
        return Ok(None);
    }
    let links = Links::new(&shared.keys);
    let reader =
        |mailbox| Reader::new(mailbox, shared.db.clone(), links.clone(), shared.context.clock.clone(), shared.instance);
    let readers: Vec<Reader> = mailboxes.into_iter().map(reader).collect();
    Ok(Some(async move {
        let mut reading: JoinSet<()> = readers.into_iter().map(|reader| reader.run(shared.stop.clone())).collect();
        while let Some(ended) = reading.join_next().await {
            ended?;
        }
        Ok(())
    }))
}
