use accounts::audit;
use domain::{Actor, EmailAddress};

use crate::cli::{Brand, NewBrand};
use crate::context::Context;
use crate::out::say;

/// `eshot brand …`.
pub(super) async fn run(command: Brand, context: &Context) -> anyhow::Result<bool> {
    match command {
        Brand::New(new) => create(new, context).await,
        Brand::List => list(context).await,
        Brand::Alerts { brand, to } => alerts(&brand, to, context).await,
        Brand::Bounces { brand, limit, days } => bounces(&brand, limit, days, context).await,
    }
}

async fn create(new: NewBrand, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    let now = context.now();
    let slug = new.slug.unwrap_or_else(|| slug(&new.name));
    let postal_address = new.postal_address.replace("\\n", "\n");
    let base_url = context.config.http.base_url.clone();
    let mut draft = brands::Draft::new(&slug, &new.name, new.from, &postal_address, base_url);
    draft.locale = new.locale;
    draft.alerts_address = new.alerts;
    if let Some(bounce_domain) = new.bounce_domain {
        draft.bounce_domain = bounce_domain;
    }
    let txn = db.begin().await?;
    let brand = brands::create(&txn, draft, &Actor::Operator, now).await?;
    let seeded = subscribers::seed::first_brand(&txn, brand.id, &Actor::Operator, now).await?;
    audit::record(&txn, &Actor::Operator, "brand.create", &format!("brand:{}", brand.id), None, now).await?;
    txn.commit().await?;
    say!("made the brand {} ({})", brand.slug, brand.id);
    for topic in &seeded.topics {
        say!("  topic {}: {}", topic.slug, topic.name);
    }
    say!("  form  {}forms/{}", with_slash(&brand.base_url), seeded.form.slug);
    say!("next: `eshot key new --domain {}`, then `eshot check`", brand.sending_domain);
    Ok(true)
}

async fn list(context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    for brand in brands::list(db.reader()).await? {
        say!("{}  {}  {} <{}>  {}", brand.id, brand.slug, brand.from_name, brand.from_address, brand.base_url);
    }
    Ok(true)
}

/// Says where alerts go. Whoever changes the brand at the same time is not overwritten.
async fn alerts(slug: &str, to: Option<EmailAddress>, context: &Context) -> anyhow::Result<bool> {
    let (db, now) = (context.database().await?, context.now());
    let Some(brand) = brands::find_by_slug(db.reader(), slug).await? else {
        say!("there is no brand {slug}");
        return Ok(false);
    };
    let (id, version) = (brand.id, brand.version);
    let draft = brands::Draft { alerts_address: to, ..brand.into() };
    let txn = db.begin().await?;
    let brand = brands::update(&txn, id, version, draft, &Actor::Operator, now).await?;
    audit::record(&txn, &Actor::Operator, "brand.update", &format!("brand:{id}"), None, now).await?;
    txn.commit().await?;
    match brand.alerts_address {
        Some(to) => say!("alerts of the brand {slug} go to {to}"),
        None => say!("alerts of the brand {slug} are mailed to nobody"),
    }
    Ok(true)
}

/// Says when soft failures are too many. What is not named stays; with nothing named, it only tells.
async fn bounces(slug: &str, limit: Option<i32>, days: Option<i32>, context: &Context) -> anyhow::Result<bool> {
    let (db, now) = (context.database().await?, context.now());
    let Some(mut brand) = brands::find_by_slug(db.reader(), slug).await? else {
        say!("there is no brand {slug}");
        return Ok(false);
    };
    if limit.is_some() || days.is_some() {
        let (id, version) = (brand.id, brand.version);
        let mut draft = brands::Draft::from(brand);
        draft.soft_bounce_limit = limit.unwrap_or(draft.soft_bounce_limit);
        draft.soft_bounce_days = days.unwrap_or(draft.soft_bounce_days);
        let txn = db.begin().await?;
        brand = brands::update(&txn, id, version, draft, &Actor::Operator, now).await?;
        audit::record(&txn, &Actor::Operator, "brand.update", &format!("brand:{id}"), None, now).await?;
        txn.commit().await?;
    }
    let (limit, days) = (brand.soft_bounce_limit, brand.soft_bounce_days);
    say!("{limit} soft failures over {days} days without a success suppress an address of the brand {slug}");
    Ok(true)
}

/// A name as a URL can hold it.
fn slug(name: &str) -> String {
    let words = name.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").chars().take(40).collect()
}

fn with_slash(url: &url::Url) -> String {
    format!("{}/", url.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_slug() {
        assert_eq!(slug("Example & Söhne, Ltd."), "example-s-hne-ltd");
    }
}
