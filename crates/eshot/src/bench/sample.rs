use std::collections::BTreeSet;

use anyhow::Context as _;
use campaigns::Reader;
use domain::EmailAddress;
use links::Links;
use mail_parser::{Message, MessageParser};

use super::rig::{Rig, SAMPLE};
use super::run::Sent;
use super::tap::Taken;
use super::{letter, people};
use crate::cli::Signing;

/// What the sample shows.
pub(super) struct Read {
    pub(super) messages: usize,
    /// Links to the shop, each of them another.
    pub(super) links: usize,
    /// How long a message is on the wire, on average, in bytes.
    pub(super) bytes: usize,
}

/// Reads every message of the sample as a mail program does, and compares it with what its person was to get.
pub(super) async fn check(
    rig: &Rig,
    links: &Links,
    sent: &Sent,
    taken: &[Taken],
    signing: Signing,
) -> anyhow::Result<Read> {
    let (mut recipients, mut ids, mut shop) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for taken in taken {
        let fault = |what: &str| format!("the mail for {}: {what}", taken.recipient);
        let message = MessageParser::default().parse(&taken.raw).with_context(|| fault("it does not read"))?;
        compare(rig, links, sent, &taken.recipient, &message, signing).await.with_context(|| fault("it is wrong"))?;
        let id = message.message_id().with_context(|| fault("it has no id"))?.to_owned();
        anyhow::ensure!(ids.insert(id), fault("its id is another's"));
        anyhow::ensure!(recipients.insert(taken.recipient.clone()), fault("it came twice"));
        for link in in_the_shop(message.body_html(0).as_deref().unwrap_or_default()) {
            anyhow::ensure!(shop.insert(link), fault("one of its links is another's"));
        }
    }
    anyhow::ensure!(recipients.len() == SAMPLE as usize, "{} of {SAMPLE} came", recipients.len());
    let wanted = letter::LINKS * recipients.len();
    anyhow::ensure!(shop.len() == wanted, "there are {} links and not {wanted}", shop.len());
    let bytes = taken.iter().map(|taken| taken.raw.len()).sum::<usize>() / taken.len().max(1);
    Ok(Read { messages: recipients.len(), links: shop.len(), bytes })
}

async fn compare(
    rig: &Rig,
    links: &Links,
    sent: &Sent,
    recipient: &str,
    message: &Message<'_>,
    signing: Signing,
) -> anyhow::Result<()> {
    let address: EmailAddress = recipient.parse()?;
    let person = subscribers::find_by_email(rig.db.reader(), &address).await?.context("nobody has this address")?;
    let number = person.profile.attributes.get(people::NUMBER).context("the person has no number")?.clone();
    let wanted =
        sent.letter.render(links, Reader::Subscriber(person.id), campaigns::person(&person.email, person.profile))?;
    let to = message.to().and_then(|to| to.first()).and_then(|to| to.address()).unwrap_or_default();
    anyhow::ensure!(to == recipient, "it is addressed to {to}");
    anyhow::ensure!(message.subject() == Some(wanted.subject.as_str()), "the subject is {:?}", message.subject());
    let html = message.body_html(0).context("it has no HTML")?;
    let text = message.body_text(0).context("it has no text")?;
    anyhow::ensure!(same(&html, &wanted.html), "the HTML is not what was rendered");
    anyhow::ensure!(same(&text, &wanted.text), "the text is not what was rendered");
    let own = format!("?reader={number}");
    for (name, part) in [("HTML", &html), ("text", &text)] {
        let found: BTreeSet<String> = in_the_shop(part).collect();
        let all = found.len() == letter::LINKS && found.iter().all(|link| link.ends_with(&own));
        anyhow::ensure!(all, "the {name} has other links than the person's: {found:?}");
    }
    for name in ["From", "Date", "MIME-Version", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"] {
        anyhow::ensure!(message.header_raw(name).is_some(), "it has no {name}");
    }
    let signatures = message.headers().iter().filter(|header| header.name() == "DKIM-Signature").count();
    let keys = match signing {
        Signing::None => 0,
        Signing::Ed25519 | Signing::Rsa => 1,
        Signing::Both => 2,
    };
    anyhow::ensure!(signatures == keys, "it has {signatures} signatures");
    Ok(())
}

/// The links to the shop, in their order.
fn in_the_shop(part: &str) -> impl Iterator<Item = String> {
    part.match_indices(letter::SHOP).map(|(at, _)| {
        let rest = &part[at..];
        rest[..rest.find(['"', '<', '>', ')', ' ', '\r', '\n']).unwrap_or(rest.len())].to_owned()
    })
}

/// Whether two texts say the same; on the way line breaks become CRLF and the last one may go.
fn same(one: &str, other: &str) -> bool {
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    lines(one) == lines(other)
}
