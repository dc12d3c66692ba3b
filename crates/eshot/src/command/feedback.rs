mod act;
mod parse;

use std::io::Write;

use domain::ReturnedMailId;
use feedback::{Filter, Kept, Standing};

use crate::cli::Feedback;
use crate::context::Context;
use crate::out::say;

/// `eshot feedback …`.
pub(super) async fn run(command: Feedback, start: impl FnOnce() -> anyhow::Result<Context>) -> anyhow::Result<bool> {
    match command {
        Feedback::List { not_understood, standing, class, source, limit } => {
            let standing = standing.or(not_understood.then_some(Standing::NotUnderstood));
            let class = class.map(|class| class.to_string());
            list(Filter { standing, class, source, ..Filter::default() }, limit, &start()?).await
        }
        Feedback::Release { id, why } => act::release(id, &why, &start()?).await,
        Feedback::Replay { id: Some(id), .. } => act::replay(id, &start()?).await,
        Feedback::Replay { standing, .. } => act::replay_all(standing, &start()?).await,
        Feedback::Show { id } => show(id, &start()?).await,
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
    let standing = match mail.standing {
        Standing::Acted => "acted",
        Standing::Noted => "noted",
        Standing::ToLookAt => "to look at",
        Standing::NotUnderstood => "not understood",
        Standing::Refused => "refused",
    };
    let at = mail.received_at.format("%Y-%m-%d %H:%M");
    let class = mail.class.as_deref().map_or_else(String::new, |class| format!("  {class}"));
    let about = mail.delivery.map_or_else(String::new, |key| format!("  delivery {key}"));
    let words = mail.words.as_deref().map_or_else(String::new, |words| format!("  {words:?}"));
    let effect = mail.effect.map_or_else(String::new, |effect| format!("  {effect}"));
    let released = mail.released.as_ref().map_or_else(String::new, |released| {
        let by = released.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        format!("  released{by}: {}", released.why.as_deref().unwrap_or_default())
    });
    format!("{}  {at}  {}  {standing}{class}{effect}{about}{words}{released}", mail.id, mail.kind)
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
