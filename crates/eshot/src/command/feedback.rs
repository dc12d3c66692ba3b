mod act;
mod parse;
mod read;
mod receive;

use std::io::Write;

use domain::{EmailAddress, ReturnedMailId};
use feedback::{Filter, Kept, Standing};

use crate::cli::Feedback;
use crate::config;
use crate::context::Context;
use crate::out::say;

/// `eshot feedback …`.
pub(super) async fn run(command: Feedback, start: impl FnOnce() -> anyhow::Result<Context>) -> anyhow::Result<bool> {
    match command {
        Feedback::List { not_understood, standing, class, source, unseen, limit } => {
            let standing = standing.or(not_understood.then_some(Standing::NotUnderstood));
            let class = class.map(|class| class.to_string());
            list(Filter { standing, class, source, unseen, ..Filter::default() }, limit, &start()?).await
        }
        Feedback::Acknowledge { id } => act::acknowledge(id, &start()?).await,
        Feedback::Release { id, why } => act::release(id, &why, &start()?).await,
        Feedback::Replay { id: Some(id), .. } => act::replay(id, &start()?).await,
        Feedback::Replay { standing, .. } => act::replay_all(standing, &start()?).await,
        Feedback::Show { id } => show(id, &start()?).await,
        Feedback::Receive { sender, recipients, .. } => receive::run(&sender, &recipients, &start()?).await,
        Feedback::Read { mbox } => read::run(&mbox, &start()?).await,
        Feedback::Parse { files, files_from } => parse::run(files, files_from.as_deref()),
    }
}

async fn list(filter: Filter, limit: u64, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    for mail in feedback::list(db.reader(), filter, None, limit).await? {
        say!("{}", line(&mail));
    }
    Ok(true)
}

fn line(mail: &Kept) -> String {
    let standing = words(mail.standing);
    let at = mail.received_at.format("%Y-%m-%d %H:%M");
    let class = mail.class.as_deref().map_or_else(String::new, |class| format!("  {class}"));
    let about = mail.delivery.map_or_else(String::new, |key| format!("  delivery {key}"));
    let words = mail.words.as_deref().map_or_else(String::new, |words| format!("  {words:?}"));
    let effect = mail.effect.map_or_else(String::new, |effect| format!("  {effect}"));
    let released = mail.released.as_ref().map_or_else(String::new, |released| {
        let by = released.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        format!("  released{by}: {}", released.why.as_deref().unwrap_or_default())
    });
    let seen = mail.acknowledged.as_ref().map_or_else(String::new, |(_, by)| {
        by.as_ref().map_or_else(|| "  seen".to_owned(), |by| format!("  seen by {by}"))
    });
    format!("{}  {at}  {}  {standing}{class}{effect}{about}{words}{released}{seen}", mail.id, mail.kind)
}

const fn words(standing: Standing) -> &'static str {
    match standing {
        Standing::Acted => "acted",
        Standing::Noted => "noted",
        Standing::ToLookAt => "to look at",
        Standing::NotUnderstood => "not understood",
        Standing::Refused => "refused",
    }
}

/// Whom a mail was delivered to whose head names nobody: the first address that takes mail without a token, else nobody (RFC 2606 §2).
pub(crate) fn mailbox(config: &config::Feedback) -> anyhow::Result<EmailAddress> {
    config.addresses.first().cloned().map_or_else(|| Ok("unknown@mailbox.invalid".parse()?), Ok)
}

/// Shows what is known about a returned mail, and then the mail itself, byte for byte.
async fn show(id: ReturnedMailId, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    let (Some(mail), Some(raw)) = (feedback::find(db.reader(), id).await?, feedback::raw(db.reader(), id).await?)
    else {
        say!("there is no returned mail {id}");
        return Ok(false);
    };
    eprintln!("{}", line(&mail));
    std::io::stdout().write_all(&raw)?;
    Ok(true)
}
