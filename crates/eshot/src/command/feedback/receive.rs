use std::io::{Read, Write};

use anyhow::Context as _;
use domain::EmailAddress;
use feedback::{Incoming, Stored};
use links::Links;

use crate::context::Context;

/// What the mails that come this way are listed by.
const SOURCE: &str = "stdin";

/// `eshot feedback receive`: one mail from a mail server, by a pipe. False if none of its recipients is ours. When this returns, it
/// is committed; whatever fails, the server keeps the mail and tries again.
pub(super) async fn run(sender: &str, recipients: &[String], context: &Context) -> anyhow::Result<bool> {
    let config = &context.config.feedback;
    let links = Links::new(&*context.keys()?);
    let is_ours = |to: &EmailAddress| config.addresses.contains(to) || feedback::has_token(&links, to);
    let mut to = Vec::new();
    for recipient in recipients {
        match recipient.trim_matches(['<', '>']).parse::<EmailAddress>() {
            Ok(address) if is_ours(&address) => to.push(address),
            // Whether somebody reads it or not.
            _ => drop(writeln!(std::io::stderr(), "error: {recipient} is no address of ours")),
        }
    }
    if to.is_empty() && !recipients.is_empty() {
        return Ok(false);
    }
    let raw = read(std::io::stdin().lock(), config.message_limit.get()).context("the mail cannot be read")?;
    let (db, now) = (context.database().await?, context.now());
    if to.is_empty() {
        let mailbox = super::mailbox(&context.config.feedback)?;
        feedback::process_stored(&db, &links, Stored { source: SOURCE, mailbox: &mailbox, raw: &raw }, now).await?;
    } else {
        let from = sender.trim_matches(['<', '>']);
        feedback::process(&db, &links, Incoming { source: SOURCE, from, to: &to, raw: &raw }, now).await?;
    }
    Ok(true)
}

/// So many octets at most. The rest is read as well, for whoever writes it, and means nothing: reports begin with what they say.
fn read(mut from: impl Read, size: usize) -> std::io::Result<Vec<u8>> {
    let mut raw = Vec::new();
    from.by_ref().take(u64::try_from(size).unwrap_or(u64::MAX)).read_to_end(&mut raw)?;
    std::io::copy(&mut from, &mut std::io::sink())?;
    Ok(raw)
}
