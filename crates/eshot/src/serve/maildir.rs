use anyhow::Context as _;
use feedback::maildir::Maildir;
use links::Links;

use super::Shared;
use crate::command::feedback::mailbox;

/// The task that reads the Maildir which the configuration names; nothing where it names none.
pub(super) fn start(shared: Shared) -> anyhow::Result<Option<impl Future<Output = anyhow::Result<()>> + Send + use<>>> {
    let config = &shared.context.config.feedback;
    let Some(folder) = &config.maildir else { return Ok(None) };
    let maildir = Maildir::open(folder, mailbox(config)?, config.message_limit.get()).context("feedback.maildir")?;
    tracing::info!(folder = %folder.display(), "returned mail is read in {}", folder.display());
    let (links, clock) = (Links::new(&shared.keys), shared.context.clock.clone());
    Ok(Some(async move {
        maildir.run(shared.db, links, &*clock, shared.stop).await;
        Ok(())
    }))
}
