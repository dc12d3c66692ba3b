mod list;

use accounts::audit;
use anyhow::Context as _;
use database::Database;
use domain::{Actor, BrandId, EmailAddress, SuppressionId};
use subscribers::suppression::{self, Filter, New, Told};

use crate::cli::Suppression;
use crate::context::Context;
use crate::out::say;

/// `eshot suppressions …`.
pub(super) async fn run(command: Suppression, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    match command {
        Suppression::List { email: Some(email), .. } => {
            for entry in suppression::active_for(db.reader(), &*context.keys()?, &email).await? {
                say!("{}", line(&entry));
            }
        }
        Suppression::List { brand, lifted, after, limit, .. } => {
            let filter = Filter { brand: brand_id(&db, brand.as_deref()).await?, reason: None, lifted };
            for entry in suppression::list(db.reader(), &filter, after, limit).await? {
                say!("{}", line(&entry));
            }
        }
        Suppression::Add { email, brand, why } => add(&db, &email, brand.as_deref(), &why, context).await?,
        Suppression::Release { id, why } => release(&db, id, &why, context).await?,
        Suppression::Import(command) => return list::import(&db, command, context).await,
        Suppression::Export { brand, reason, lifted } => {
            let filter = Filter { brand: brand_id(&db, brand.as_deref()).await?, reason, lifted };
            list::export(&db, &filter).await?;
        }
    }
    Ok(true)
}

async fn add(
    db: &Database,
    email: &EmailAddress,
    brand: Option<&str>,
    why: &str,
    context: &Context,
) -> anyhow::Result<()> {
    let new = New { email, brand: brand_id(db, brand).await?, reason: Told::Manual, detail: why };
    let entry = suppression::add(db, &*context.keys()?, &new, &Actor::Operator, context.now()).await?;
    note(db, "suppression.add", entry.id, context).await?;
    say!("{}", line(&entry));
    Ok(())
}

async fn release(db: &Database, id: SuppressionId, why: &str, context: &Context) -> anyhow::Result<()> {
    let entry = suppression::lift(db, id, Some(why), &Actor::Operator, context.now()).await?;
    note(db, "suppression.lift", id, context).await?;
    say!("{}", line(&entry));
    Ok(())
}

async fn note(db: &Database, act: &str, id: SuppressionId, context: &Context) -> anyhow::Result<()> {
    let object = format!("suppression:{id}");
    Ok(audit::record(db.writer(), &Actor::Operator, act, &object, None, context.now()).await?)
}

async fn brand_id(db: &Database, slug: Option<&str>) -> anyhow::Result<Option<BrandId>> {
    let Some(slug) = slug else { return Ok(None) };
    let brand = brands::find_by_slug(db.reader(), slug).await?;
    Ok(Some(brand.with_context(|| format!("there is no brand {slug:?}; see `eshot brand list`"))?.id))
}

fn line(entry: &suppression::Suppression) -> String {
    let since = entry.created_at.format("%Y-%m-%d %H:%M");
    let reach = entry.brand.map_or_else(|| "every brand".to_owned(), |brand| format!("brand {brand}"));
    let mut parts = vec![format!("{}  {since}  {}  {reach}  by {}", entry.id, entry.reason, entry.created_by)];
    parts.extend(Some(&entry.detail).filter(|detail| !detail.is_empty()).cloned());
    parts.extend(entry.origin.delivery.map(|key| format!("delivery {key}")));
    parts.extend(entry.origin.returned_mail.map(|mail| format!("returned mail {mail}")));
    if let Some(lifted) = &entry.lifted {
        let by = lifted.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        parts.push(format!("lifted{by}: {}", lifted.why.as_deref().unwrap_or_default()));
    }
    parts.join("  ")
}
