//! Whom a report in prose is about.

use std::collections::{HashMap, HashSet};

use domain::EmailAddress;

use crate::fields;
use crate::parts::Mail;
use crate::rules::{Means, compiled};

/// A report about more people is cut.
const MANY: usize = 200;

/// What stands before an address tells of it within so many bytes.
const PREFIX: usize = 200;

/// RFC 2142: who answers for a server.
const ROLES: [&str; 7] = ["postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "webmaster"];

/// An address that a report names.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) address: EmailAddress,
    /// Where in the text it ends.
    pub(super) at: usize,
    /// How surely it is a recipient's: the less, the surer.
    rank: u8,
}

impl Who {
    /// Whether a command or a reply names it.
    pub(super) const fn is_in_transcript(&self) -> bool {
        self.rank == 4
    }
}

/// The recipients that the report names, in its order: those of the surest rank.
pub(super) fn read(mail: &Mail, text: &str) -> Vec<Who> {
    let failed = mail.headers.all("x-failed-recipients").flat_map(|value| value.split(','));
    let failed: Vec<EmailAddress> =
        failed.take(MANY).filter_map(|address| address.trim().trim_matches(['<', '>']).parse().ok()).collect();
    let places = if failed.is_empty() { HashMap::new() } else { places(text) };
    let place = |address: &EmailAddress| places.get(address).copied().unwrap_or_default();
    let mut found: Vec<Who> = failed.into_iter().map(|address| Who { at: place(&address), address, rank: 0 }).collect();
    if found.is_empty() {
        found = named(text, &ours(mail));
    }
    if found.is_empty() {
        // Who wrote to their own address is both.
        found = named(text, &HashSet::new());
        found.retain(|who| who.rank <= 2);
    }
    let best = found.iter().map(|who| who.rank).min().unwrap_or_default();
    let mut once = Vec::<Who>::new();
    for who in found {
        if who.rank == best && once.len() < MANY && once.iter().all(|other| other.address != who.address) {
            once.push(who);
        }
    }
    // Whom to ask is named beside whom it did not reach.
    let is_role = |who: &Who| ROLES.contains(&who.address.local_part());
    if !once.iter().all(is_role) {
        once.retain(|who| !is_role(who));
    }
    once
}

/// Whom the message was for by its subject or its own header, where the text names nobody. It may be `returned` as a part or in the text.
pub(super) fn guess(mail: &Mail, returned: &str) -> Vec<Who> {
    let mut found = mail.headers.get("subject").map(|subject| addresses(mail, subject)).unwrap_or_default();
    if found.is_empty() {
        let part = mail.parts.iter().find(|part| part.is_returned());
        let fields = fields::groups(part.map_or(returned, |part| &part.text));
        let value = |name| fields.iter().flatten().find(|field| field.is(name)).map(|field| field.value.as_ref());
        // The server that took it last knows whom it was for; `To` may be a list, or nobody.
        let taken_for = value("Received").and_then(|trace| trace.split_once(" for ")).map(|(_, rest)| rest);
        let taken_for = taken_for.and_then(|rest| rest.split(';').next());
        found = taken_for.or(value("To")).map(|text| addresses(mail, text)).unwrap_or_default();
    }
    found.truncate(1);
    found
}

/// Every address of `text` that may be a recipient's.
fn named(text: &str, ours: &HashSet<EmailAddress>) -> Vec<Who> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let mut from = 0;
        let mut before_rank = None;
        while let Some((left, right, address)) = next_address(line, from) {
            let between = line.get(from..left).unwrap_or_default();
            let rank = match before_rank {
                Some(rank) if between.trim_matches(|c: char| !c.is_alphanumeric()).is_empty() => Some(rank),
                _ => rank(line.get(..left).unwrap_or_default(), line.get(right..).unwrap_or_default()),
            };
            before_rank = rank;
            from = right;
            if let Some(rank) = rank.filter(|_| !ours.contains(&address)) {
                found.push(Who { address, at: start + right, rank });
            }
        }
        start += line.len();
    }
    found
}

/// How surely an address between `before` and `after` on its line is a recipient's.
fn rank(before: &str, after: &str) -> Option<u8> {
    let bare = |c: char| c.is_whitespace() || !(c.is_alphanumeric() || c == '@');
    let before = last(before, PREFIX).trim_matches(bare);
    if before.is_empty() {
        let rest = after.trim_start_matches(['>', '"', '\'', ')', ']', ' ', '\t']);
        let alone = rest.trim().is_empty() || rest.starts_with([':', ';', '[', '(', '.', ',', '-']);
        return Some(if alone { 1 } else { 3 });
    }
    match compiled().label(before) {
        Some(Means::Other) => None,
        Some(Means::Recipient) => Some(2),
        Some(Means::Smtp) => Some(4),
        Some(Means::Weak) => Some(5),
        None => Some(6),
    }
}

/// The addresses in a header that are not our own.
fn addresses(mail: &Mail, header: &str) -> Vec<Who> {
    let ours = ours(mail);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((_, right, address)) = next_address(header, from) {
        from = right;
        if !ours.contains(&address) {
            found.push(Who { address, at: 0, rank: 9 });
        }
    }
    found
}

/// Whom the report itself is from and to; nobody has as many addresses as that.
fn ours(mail: &Mail) -> HashSet<EmailAddress> {
    let mut ours = HashSet::new();
    for name in ["to", "from", "return-path", "sender", "reply-to"] {
        for value in mail.headers.all(name) {
            let mut from = 0;
            while let Some((_, right, address)) = next_address(value, from).filter(|_| ours.len() < MANY) {
                ours.insert(address);
                from = right;
            }
        }
    }
    ours
}

/// Where in the text each address first ends.
fn places(text: &str) -> HashMap<EmailAddress, usize> {
    let mut places = HashMap::new();
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let mut from = 0;
        while let Some((_, right, address)) = next_address(line, from) {
            places.entry(address).or_insert(start + right);
            from = right;
        }
        start += line.len();
    }
    places
}

/// The last bytes of a text, or a few less where one would be cut.
fn last(text: &str, bytes: usize) -> &str {
    let from = text.len().saturating_sub(bytes);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[from..]
}

/// The next address in `line` from `from` on, and where it begins and ends.
fn next_address(line: &str, from: usize) -> Option<(usize, usize, EmailAddress)> {
    let stops = |c: char| c.is_whitespace() || c.is_control() || "<>()[]\"',;:@|\\`".contains(c);
    let mut search = from;
    while let Some(found) = line.get(search..)?.find('@') {
        let at = search + found;
        search = at + 1;
        let left = line.get(from..at)?.rfind(stops).map_or(from, |stop| {
            from + stop + line.get(from + stop..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let right = line.get(at + 1..)?.find(stops).map_or(line.len(), |stop| at + 1 + stop);
        let domain = line.get(at + 1..right)?.trim_end_matches(['.', '!', '?', '*', '-', '/', '=']);
        let right = at + 1 + domain.len();
        let local = line.get(left..at)?.trim_start_matches(['.', '*', '=', '-', '!', '/', '?']);
        let left = at - local.len();
        if let Ok(address) = format!("{local}@{domain}").parse() {
            return Some((left, right, address));
        }
    }
    None
}
