//! Returned mail that nobody here wrote: read where it lies beside the repository, skipped where it does not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use feedback::{Answer, Named, parse};

/// A line of the table of what the mails say: one recipient.
struct Row {
    kind: String,
    recipient: String,
    reason: String,
    hard: String,
}

#[derive(Debug, Default)]
struct Tally {
    reports: u32,
    found: u32,
    named: u32,
    exactly: u32,
    strangers: u32,
    hard: u32,
    hard_told: u32,
    not_hard: u32,
    hard_by_mistake: u32,
    refusals: u32,
    refusals_told: u32,
    complaints: u32,
    complaints_told: u32,
    ordinary: u32,
    ordinary_by_mistake: u32,
}

/// What engines call the refusals that are never the subscriber's fault.
const REFUSALS: [&str; 12] = [
    "authfailure",
    "badreputation",
    "blocked",
    "contenterror",
    "policyviolation",
    "rejected",
    "requireptr",
    "spam",
    "spamdetected",
    "speeding",
    "toomanyconn",
    "virusdetected",
];

#[test]
fn real_servers_are_understood() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/returned-mail");
    let Ok(table) = std::fs::read_to_string(folder.join("expected.tsv")) else {
        eprintln!("skipped: no corpus of returned mail at {}", folder.display());
        return;
    };
    let mut mails = BTreeMap::<String, Vec<Row>>::new();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |at: usize| cells[at].to_lowercase();
        let row = Row { kind: cell(2), recipient: cell(4), reason: cell(7), hard: cell(8) };
        mails.entry(format!("{}/{}", cells[0], cells[1])).or_default().push(row);
    }
    let mut tally = Tally::default();
    for (name, rows) in &mails {
        let raw = std::fs::read(folder.join(name)).unwrap();
        tally.count(name, rows, &Answer::from(&parse(&raw)));
    }
    println!("{tally:#?}");
    assert_eq!(tally.ordinary_by_mistake, 0, "ordinary mail taken for a report");
    assert!(tally.found >= FOUND && tally.exactly >= EXACTLY && tally.strangers <= STRANGERS, "{tally:?}");
    assert!(tally.hard_told >= HARD && tally.hard_by_mistake == 0, "{tally:?}");
    assert!(tally.refusals_told >= REFUSALS_TOLD && tally.complaints_told >= COMPLAINTS, "{tally:?}");
}

/// What was reached; docs/returned-mail.md tells which labels of the corpus are doubtful.
const FOUND: u32 = 361;
const EXACTLY: u32 = 340;
const STRANGERS: u32 = 1;
const HARD: u32 = 107;
const REFUSALS_TOLD: u32 = 73;
const COMPLAINTS: u32 = 18;

impl Tally {
    fn count(&mut self, name: &str, rows: &[Row], answer: &Answer) {
        let is_report = matches!(answer.kind, "bounce" | "delayed");
        let addresses: Vec<&str> = answer.recipients.iter().filter_map(|named| named.address.as_deref()).collect();
        let reports: Vec<&Row> = rows.iter().filter(|row| row.kind == "bounce" || row.kind == "delayed").collect();
        if !reports.is_empty() {
            self.reports += 1;
            self.found += u32::from(is_report && !addresses.is_empty());
            self.recipients(name, &reports, &addresses);
        }
        for row in reports {
            self.verdict(name, row, &answer.recipients);
        }
        if rows[0].kind == "feedback" {
            self.complaints += 1;
            self.complaints_told += u32::from(answer.kind == "complaint");
        }
        if rows.iter().all(|row| row.kind == "not-bounce") {
            self.ordinary += 1;
            self.ordinary_by_mistake += u32::from(is_report || answer.kind == "complaint");
        }
    }

    fn recipients(&mut self, name: &str, rows: &[&Row], told: &[&str]) {
        let wanted: Vec<&str> = rows.iter().map(|row| row.recipient.as_str()).filter(|who| !who.is_empty()).collect();
        if wanted.is_empty() {
            return;
        }
        let strangers: u32 = told.iter().map(|who| u32::from(!wanted.contains(who))).sum();
        let exactly = strangers == 0 && wanted.iter().all(|who| told.contains(who));
        self.named += 1;
        self.exactly += u32::from(exactly);
        self.strangers += strangers;
        if !exactly {
            println!("{name}: not exactly the recipients");
        }
    }

    fn verdict(&mut self, name: &str, row: &Row, told: &[Named]) {
        let named = told.iter().find(|named| named.address.as_deref() == Some(row.recipient.as_str()));
        let class = named.or(told.first().filter(|_| row.recipient.is_empty())).and_then(|named| named.class);
        let hard = class == Some("hard");
        self.hard += u32::from(row.hard == "1");
        self.hard_told += u32::from(row.hard == "1" && hard);
        self.not_hard += u32::from(row.hard == "0");
        self.hard_by_mistake += u32::from(row.hard == "0" && hard);
        if !row.hard.is_empty() && hard != (row.hard == "1") {
            println!("{name}: {} called {class:?} by {:?}", row.reason, named.and_then(|named| named.rule.as_deref()));
        }
        if REFUSALS.contains(&row.reason.as_str()) && row.hard != "1" {
            let told = matches!(class, Some("block" | "content"));
            self.refusals += 1;
            self.refusals_told += u32::from(told);
            if !told {
                println!("{name}: {} called {class:?}", row.reason);
            }
        }
    }
}
