use accounts::audit;
use brands::key::{Algorithm, KeyInfo};
use domain::{Actor, KeyId, MasterKeys};
use serde_json::json;

use crate::cli::SigningKey;
use crate::context::Context;
use crate::events;
use crate::out::say;

/// How many people one transaction gives a new hash.
const REHASHED_AT_ONCE: u64 = 500;

/// `eshot key master`: needs nothing and writes nothing.
pub(super) fn master(id: u8) -> anyhow::Result<bool> {
    anyhow::ensure!(id > 0, "generations of the master key are counted from 1");
    say!("{}", MasterKeys::generate_line(KeyId(i16::from(id)))?);
    Ok(true)
}

/// `eshot key events`: the same.
pub(super) fn events() -> anyhow::Result<bool> {
    say!("{}", events::new_secret()?);
    Ok(true)
}

/// The other `eshot key` commands.
pub(super) async fn run(command: SigningKey, context: &Context) -> anyhow::Result<bool> {
    match command {
        SigningKey::New { domain } => new(&domain, context).await,
        SigningKey::List { domain } => list(domain.as_deref(), context).await,
        SigningKey::Retire { id } => {
            let db = context.database().await?;
            let (actor, now) = (Actor::Operator, context.now());
            brands::key::retire(db.writer(), id, &actor, now).await?;
            audit::record(db.writer(), &actor, "key.retire", &format!("key:{id}"), None, now).await?;
            say!("{id} signs no more; leave its DNS record in place for a week, for mail that is under way");
            Ok(true)
        }
        SigningKey::Rotate => rotate(context).await,
    }
}

/// Ed25519 is never alone: many verifiers know RSA only (RFC 8463 §3).
async fn new(domain: &str, context: &Context) -> anyhow::Result<bool> {
    let (db, keys) = (context.database().await?, context.keys()?);
    say!("Publish these records; until then the signatures count as none:\n");
    for algorithm in Algorithm::ALL {
        let (actor, now) = (Actor::Operator, context.now());
        let key = brands::key::create(&db, &keys, domain, algorithm, &actor, now).await?;
        let what = Some(json!({ "domain": key.domain, "algorithm": algorithm.to_string() }));
        audit::record(db.writer(), &actor, "key.create", &format!("key:{}", key.id), what, now).await?;
        say!("{}\n", key.dns_record());
    }
    Ok(true)
}

async fn list(domain: Option<&str>, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    for key in brands::key::list(db.reader(), domain).await? {
        say!("{}", line(&key));
        if key.retired_at.is_none() {
            say!("  {}", key.dns_record());
        }
    }
    Ok(true)
}

fn line(key: &KeyInfo) -> String {
    let state = key.retired_at.map_or_else(|| "signs".to_owned(), |at| format!("retired {}", at.format("%Y-%m-%d")));
    let made = key.created_at.format("%Y-%m-%d");
    format!("{}  {}  {}  made {made}  {state}", key.id, key.domain, key.algorithm)
}

async fn rotate(context: &Context) -> anyhow::Result<bool> {
    let (db, keys) = (context.database().await?, context.keys()?);
    let resealed = brands::key::reseal(&db, &keys).await?;
    let mut last = None;
    while let Some(reached) = subscribers::suppression::rehash(&db, &keys, last, REHASHED_AT_ONCE).await? {
        last = Some(reached);
    }
    let object = format!("master_key:{}", keys.current().0);
    audit::record(db.writer(), &Actor::Operator, "master_key.rotate", &object, None, context.now()).await?;
    say!("{resealed} secret(s) sealed anew under master key {}", keys.current().0);
    say!(
        "every subscriber has a hash of that generation; keep the old lines for the suppressions of people who are gone"
    );
    Ok(true)
}
