mod import;

use accounts::audit;
use domain::{Actor, EmailAddress};

use crate::cli::Subscriber;
use crate::context::Context;
use crate::out::say;

/// `eshot subscriber …`.
pub(super) async fn run(command: Subscriber, context: &Context) -> anyhow::Result<bool> {
    match command {
        Subscriber::Import(list) => import::run(list, context).await,
        Subscriber::Show { address } => show(&address, context).await,
        Subscriber::Erase { address } => erase(&address, context).await,
    }
}

async fn show(address: &EmailAddress, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    let found = match subscribers::find_by_email(db.reader(), address).await? {
        Some(subscriber) => subscribers::export(db.reader(), subscriber.id, context.now()).await?,
        None => None,
    };
    match found {
        Some(export) => say!("{}", serde_json::to_string_pretty(&export)?),
        None => say!("nobody with the address {address} is on file"),
    }
    Ok(true)
}

async fn erase(address: &EmailAddress, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    let Some(subscriber) = subscribers::find_by_email(db.reader(), address).await? else {
        say!("nobody with the address {address} is on file");
        return Ok(false);
    };
    let (actor, now) = (Actor::Operator, context.now());
    web::erase(&db, subscriber.id, &actor, now).await?;
    // Who it was is not to be found in the log either.
    audit::record(db.writer(), &actor, "subscriber.erase", "subscriber", None, now).await?;
    say!("erased: what is left is a keyed hash, which keeps the address from being mailed again");
    Ok(true)
}
