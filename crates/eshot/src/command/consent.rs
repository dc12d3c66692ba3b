use std::fs;
use std::path::Path;

use anyhow::Context as _;
use domain::EmailAddress;
use subscribers::consent::{self, Anchor, Shown};

use crate::cli::Consent;
use crate::context::Context;
use crate::out::say;

/// `eshot consent …`.
pub(super) async fn run(command: Consent, context: &Context) -> anyhow::Result<bool> {
    match command {
        Consent::Verify { anchor } => verify(anchor.as_deref(), context).await,
        Consent::Show { address } => show(&address, context).await,
        Consent::Anchor => {
            let db = context.database().await?;
            match consent::anchor(db.reader()).await? {
                Some(anchor) => say!("{anchor}"),
                None => say!("# nothing is sealed yet"),
            }
            Ok(true)
        }
    }
}

async fn verify(anchor: Option<&Path>, context: &Context) -> anyhow::Result<bool> {
    let (db, keys) = (context.database().await?, context.keys()?);
    let anchor = anchor.map(read).transpose()?.flatten();
    let verified = consent::verify(db.reader(), &keys, anchor).await?;
    say!(
        "{} entries sealed, {} waiting for the sealer, {} of erased people",
        verified.sealed,
        verified.unsealed,
        verified.erased
    );
    if let Some(head) = verified.anchor {
        say!("head {head}");
    }
    for problem in &verified.problems {
        say!("FAIL  {problem}");
    }
    if verified.problems.is_empty() {
        say!("ok    the ledger is whole");
    }
    Ok(verified.problems.is_empty())
}

/// The last anchor in a file of them, so that whoever keeps a log of heads can hand over the log.
fn read(path: &Path) -> anyhow::Result<Option<Anchor>> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("the anchor {name} cannot be read"))?;
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with('#'));
    last.map(|line| line.parse().with_context(|| format!("{name}: {line:?}"))).transpose()
}

async fn show(address: &EmailAddress, context: &Context) -> anyhow::Result<bool> {
    let db = context.database().await?;
    let Some(entries) = consent::show(db.reader(), address).await? else {
        say!("nobody with the address {address} is on file");
        return Ok(false);
    };
    for entry in &entries {
        print(entry);
    }
    Ok(entries.iter().all(|entry| entry.intact))
}

fn print(entry: &Shown) {
    let seq = entry.seq.map_or_else(|| "not sealed yet".to_owned(), |seq| format!("no. {seq}"));
    let topic = entry.topic.as_ref().map_or("everything", |topic| topic.name.as_str());
    say!("{}  {} {topic}  ({seq}, {})", entry.at.format("%Y-%m-%d %H:%M:%S UTC"), entry.act, entry.id);
    let form = entry.form.as_ref().map(|form| format!("{:?} (version {})", form.consent_words, form.number));
    let basis = entry.basis.map(|basis| basis.to_string());
    let facts = match &entry.proof {
        Some(proof) => vec![
            ("address", Some(proof.email.to_string())),
            ("by", Some(proof.actor.to_string())),
            ("from", proof.ip.map(|ip| ip.to_string())),
            ("browser", proof.user_agent.clone()),
            ("door", proof.source.clone()),
            ("stated", proof.note.clone()),
        ],
        None => vec![("evidence", Some("gone".to_owned()))],
    };
    for (name, text) in facts.into_iter().chain([("basis", basis), ("words", form)]) {
        if let Some(text) = text {
            say!("    {name:<11} {text}");
        }
    }
    if !entry.intact {
        say!("    FAIL        this is not what was hashed when it was written");
    }
}
