//! Suppressions by the file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use accounts::audit;
use anyhow::{Context as _, ensure};
use database::Database;
use domain::Actor;
use serde_json::json;
use subscribers::suppression::import::{self, Import, List};
use subscribers::suppression::{Filter, export};

use super::brand_id;
use crate::cli::ImportSuppressions;
use crate::context::Context;
use crate::out::{say, text};

/// How large a list may be: it is held in memory. Longer ones come in several.
const MOST: u64 = 64 << 20;

/// `eshot suppressions import`.
pub(super) async fn import(db: &Database, command: ImportSuppressions, context: &Context) -> anyhow::Result<bool> {
    let (keys, now, actor) = (context.keys()?, context.now(), Actor::Operator);
    let name = command.file.display().to_string();
    let bytes = read(&command.file).with_context(|| name.clone())?;
    let list = List {
        brand: brand_id(db, command.brand.as_deref()).await?,
        reason: command.reason,
        brands: brands::list(db.reader()).await?.into_iter().map(|brand| (brand.slug, brand.id)).collect(),
    };
    let lines = import::lines(&bytes, &list, &keys).context(name)?;
    let report = Import::new(&keys, &actor, command.dry_run).in_pieces(db, lines, now).await?;
    let (added, unchanged, refused) = (report.added, report.unchanged, report.refused.len());
    if command.dry_run {
        say!("{added} would be added, {unchanged} stand already, {refused} would be left out");
    } else {
        let counts = json!({ "added": added, "unchanged": unchanged, "refused": refused });
        audit::record(db.writer(), &actor, "suppression.import", "suppression", Some(counts), now).await?;
        say!("{added} added, {unchanged} stood already, {refused} left out");
    }
    for (line, why) in &report.refused {
        say!("  line {line}: {why}");
    }
    Ok(report.refused.is_empty())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= MOST, "a list has at most {MOST} bytes; bring it in several");
    Ok(bytes)
}

/// `eshot suppressions export`.
pub(super) async fn export(db: &Database, filter: &Filter) -> anyhow::Result<()> {
    let brands = brands::list(db.reader()).await?.into_iter().map(|brand| (brand.id, brand.slug)).collect();
    text(format_args!("{}", export::HEADER));
    let mut after = None;
    while let Some(lines) = export::lines(db.reader(), filter, &brands, after).await? {
        text(format_args!("{}", lines.text));
        after = Some(lines.last);
    }
    Ok(())
}
