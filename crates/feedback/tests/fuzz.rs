//! What gateways and attackers do to mails, a few thousand times, or as often as `ESHOT_FUZZ_MAILS` says.
#![expect(clippy::unwrap_used, reason = "a sample that cannot be read has failed the test")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use feedback::{Answer, Kind, parse};

/// How often without being told.
const MAILS: u64 = 4_000;

/// Pieces of which mails are made, and which mean something to whoever reads them.
const WORDS: [&str; 14] = [
    "boundary=\"b\"",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "Content-Type: message/rfc822\n\n",
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
    "Content-Type: message/delivery-status\n\n",
    "Content-Type: message/disposition-notification\n\nDisposition: x; deleted\n",
    "Final-Recipient: rfc822; ",
    "=?utf-8?b?",
    "\r",
    "\n\n",
    "<a@example.org>: 550 5.1.1 no",
    "\0",
    ">>> RCPT TO:",
];

const CHARSETS: [&str; 8] =
    ["iso-2022-jp", "utf-7", "utf-16", "gb18030", "x-unknown", "\"", "us-ascii*0*=utf-8''%ff", "shift_jis"];

/// SplitMix64 (Steele, Lea and Flood, 2014): the number of a mail is all that is needed to make it again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn piece(&mut self, of: &[u8]) -> Range<usize> {
        let (one, other) = (self.below(of.len() + 1), self.below(of.len() + 1));
        one.min(other)..one.max(other)
    }
}

/// A mail of which something has happened to, by its number.
fn mail(number: u64, samples: &[Vec<u8>]) -> Vec<u8> {
    let mut dice = Dice(number);
    let mut mail = dice.pick(samples).clone();
    for _ in 0..=dice.below(5) {
        mutate(&mut mail, dice.pick(samples).as_slice(), &mut dice);
    }
    mail
}

fn mutate(mail: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = dice.below(mail.len() + 1);
    match dice.below(11) {
        0 => mail.truncate(at),
        1 => drop(mail.splice(at..at, other[dice.piece(other)].iter().copied())),
        2 => drop(mail.splice(..at, other[..dice.below(other.len())].iter().copied())),
        3 => drop(mail.splice(at..at, dice.pick(&WORDS).bytes())),
        4 => mail.insert(at, dice.roll().to_le_bytes()[0]),
        5 => mail.iter_mut().skip(at).take(1).for_each(|byte| *byte = dice.roll().to_le_bytes()[0]),
        6 => {
            let dropped = dice.pick(b"\r\n :;<>=\"-@").to_owned();
            mail.retain(|byte| *byte != dropped);
        }
        7 => drop(mail.drain(dice.piece(mail))),
        8 => nest(mail, dice),
        9 => rename(mail, b"boundary", |dice| vec![dice.roll().to_le_bytes()[0]; dice.below(80)], dice),
        _ => rename(mail, b"charset", |dice| dice.pick(&CHARSETS).as_bytes().to_vec(), dice),
    }
}

/// Puts it into another, and that into the next.
fn nest(mail: &mut Vec<u8>, dice: &mut Dice) {
    for level in 0..=dice.below(90) {
        let head = if dice.below(2) == 0 {
            "From: a@example.org\nContent-Type: message/rfc822\n\n".to_owned()
        } else {
            format!("Content-Type: multipart/report; boundary=b{level}\n\n--b{level}\n")
        };
        drop(mail.splice(..0, head.bytes()));
    }
}

/// Gives a parameter of some part another value.
fn rename(mail: &mut Vec<u8>, name: &[u8], value: impl Fn(&mut Dice) -> Vec<u8>, dice: &mut Dice) {
    let is_name = |at: &usize| mail[*at..].get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
    let places: Vec<usize> = (0..mail.len()).filter(is_name).collect();
    if places.is_empty() {
        return;
    }
    let begin = dice.pick(&places) + name.len() + 1;
    let end = mail.iter().skip(begin).position(|byte| matches!(byte, b';' | b'\n' | b'\r'));
    let begin = begin.min(mail.len());
    let end = end.map_or(mail.len(), |end| begin + end);
    drop(mail.splice(begin..end, value(dice)));
}

fn samples() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut paths: Vec<_> = [folder.clone(), folder.join("servers")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    assert!(paths.len() > 50);
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// How many mails there were of each kind, and how long the slowest took.
#[derive(Default)]
struct Seen {
    kinds: BTreeMap<String, u64>,
    slowest: (Duration, u64),
}

impl Seen {
    fn look(&mut self, number: u64, samples: &[Vec<u8>]) {
        let mail = mail(number, samples);
        let begun = Instant::now();
        let returned = parse(&mail);
        let answer = Answer::from(&returned);
        self.slowest = self.slowest.max((begun.elapsed(), number));
        let class = answer.recipients.first().and_then(|who| who.class);
        *self.kinds.entry([answer.kind, class.unwrap_or_default()].join(" ")).or_default() += 1;
        if let Kind::Delivery(report) = returned.kind {
            assert!((1..=200).contains(&report.recipients.len()), "mail {number}");
        }
    }

    fn and(mut self, other: Self) -> Self {
        other.kinds.into_iter().for_each(|(kind, count)| *self.kinds.entry(kind).or_default() += count);
        self.slowest = self.slowest.max(other.slowest);
        self
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests are told by whoever starts them")]
fn no_mail_makes_the_parser_fall_or_stop() {
    static FALLS: AtomicUsize = AtomicUsize::new(0);
    let mails = std::env::var("ESHOT_FUZZ_MAILS").map_or(MAILS, |mails| mails.parse().unwrap());
    let samples = samples();
    // Where the library falls that takes mails apart, the parser catches it: it is seen here. mail-parser asserts in debug builds
    // what it copes with in others, such as a nested part that ends where its parent does.
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_assertion =
            cfg!(debug_assertions) && panic.location().is_some_and(|place| place.file().contains("/mail-parser-"));
        if !is_assertion {
            FALLS.fetch_add(1, Ordering::Relaxed);
            told(panic);
        }
    }));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let seen = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|first| {
                let samples = &samples;
                scope.spawn(move || {
                    let mut seen = Seen::default();
                    let numbers = (0..mails).skip(first).step_by(threads);
                    numbers.for_each(|number| seen.look(number, samples));
                    seen
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).fold(Seen::default(), Seen::and)
    });
    eprintln!("{mails} mails: {:?}; the slowest {:?}", seen.kinds, seen.slowest);
    assert_eq!(FALLS.load(Ordering::Relaxed), 0);
    for kind in
        ["bounce hard", "bounce soft", "delayed soft", "delivered ", "complaint ", "auto_reply ", "receipt ", "other "]
    {
        assert!(seen.kinds.contains_key(kind), "no {kind}");
    }
    // 50 ms is what a mail may cost; a debug build on a busy machine is given a hundred times as long.
    assert!(seen.slowest.0 < Duration::from_secs(5), "{:?}", seen.slowest);
}
