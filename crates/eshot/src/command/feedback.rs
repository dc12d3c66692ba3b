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
        Feedback::List { not_understood, limit } => list(not_understood, limit, &start()?).await,
        Feedback::Show { id } => show(id, &start()?).await,
        Feedback::Parse { files, files_from } => parse::run(files, files_from.as_deref()),
    }
}

async fn list(not_understood: bool, limit: u64, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    let filter = Filter { standing: not_understood.then_some(Standing::NotUnderstood), ..Filter::default() };
    for mail in feedback::list(db.reader(), filter, None, limit).await? {
        say!("{}", line(&mail));
    }
    Ok(true)
}

fn line(mail: &Kept) -> String {
    let standing = match mail.standing {
        Standing::Acted => "acted",
        Standing::Noted => "noted",
        Standing::NotUnderstood => "not understood",
        Standing::Refused => "refused",
    };
    let at = mail.received_at.format("%Y-%m-%d %H:%M");
    let class = mail.class.as_deref().map_or_else(String::new, |class| format!("  {class}"));
    let about = mail.delivery.map_or_else(String::new, |key| format!("  delivery {key}"));
    let words = mail.words.as_deref().map_or_else(String::new, |words| format!("  {words:?}"));
    format!("{}  {at}  {}  {standing}{class}{about}{words}", mail.id, mail.kind)
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
