use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context as _;
use feedback::{Processed, Standing, Stored, mbox};
use links::Links;

use crate::context::Context;
use crate::out::say;

/// `eshot feedback read`: every mail of an mbox. Those that were here before change nothing, so that it may be read again.
pub(super) async fn run(file: &Path, context: &Context) -> anyhow::Result<bool> {
    let named = || file.display().to_string();
    let mbox = BufReader::new(File::open(file).with_context(named)?);
    let (db, links) = (context.database().await?, Links::new(&*context.keys()?));
    let (mailbox, limit) = (super::mailbox(&context.config.feedback)?, context.config.feedback.message_limit.get());
    let standings = [Standing::Acted, Standing::Noted, Standing::ToLookAt, Standing::NotUnderstood, Standing::Refused];
    let (mut all, mut seen, mut counts) = (0_u64, 0_u64, standings.map(|standing| (standing, 0_u64)));
    for mail in mbox::mails(mbox) {
        let mail = mail.with_context(named)?;
        let raw = mail.get(..limit).unwrap_or(&mail);
        all += 1;
        let stored = Stored { source: "mbox", mailbox: &mailbox, raw };
        match feedback::process_stored(&db, &links, stored, context.now()).await? {
            Processed::SeenBefore => seen += 1,
            Processed::Kept { standing: became, .. } => {
                counts.iter_mut().filter(|(standing, _)| *standing == became).for_each(|(_, count)| *count += 1);
            }
        }
    }
    let counts: String =
        counts.iter().map(|(standing, count)| format!("{count} {}, ", super::words(*standing))).collect();
    say!("{all} mails: {counts}{seen} seen before");
    Ok(true)
}
