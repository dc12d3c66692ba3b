//! Returned mail that nobody here wrote: read where it lies beside the repository, skipped where it does not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use feedback::{Action, Kind, parse};
use verdict::{Class, judge_report};

#[derive(Debug, Default)]
struct Tally {
    reports: u32,
    found: u32,
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
const REFUSALS: [&str; 13] = [
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
    "securityerror",
];

#[test]
fn real_servers_are_understood() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/returned-mail");
    let Ok(table) = std::fs::read_to_string(folder.join("expected.tsv")) else {
        eprintln!("skipped: no corpus of returned mail at {}", folder.display());
        return;
    };
    let mut mails = BTreeMap::<(String, String), Vec<Vec<String>>>::new();
    for line in table.lines().skip(1) {
        let row: Vec<String> = line.split('\t').map(str::to_owned).collect();
        mails.entry((row[0].clone(), row[1].clone())).or_default().push(row);
    }
    let mut tally = Tally::default();
    for ((set, file), rows) in &mails {
        let raw = std::fs::read(folder.join(set).join(file)).unwrap();
        count(&mut tally, &format!("{set}/{file}"), rows, &raw);
    }
    println!("{tally:#?}");
    assert_eq!(tally.ordinary_by_mistake, 0, "ordinary mail taken for a report");
    // Reports in the form of the RFCs; the free-form ones of older servers come out as unknown and are kept.
    assert!(tally.found >= 211 && tally.hard_told >= 57 && tally.complaints_told >= 17, "{tally:?}");
    // The labels call fourteen unknown users "filtered" or "suspended" by knowing the provider; the mails say no more
    // than "User unknown", and other labels of this corpus call the same words hard.
    assert!(tally.hard_by_mistake <= 14, "{tally:?}");
    assert!(tally.refusals_told >= 52, "{tally:?}");
}

fn count(tally: &mut Tally, name: &str, rows: &[Vec<String>], raw: &[u8]) {
    let kind = parse(raw).kind;
    let told = |row: &Vec<String>| {
        let Kind::Delivery(report) = &kind else { return None };
        let named = report.recipients.iter().find(|recipient| {
            recipient.address.as_ref().is_some_and(|address| address.as_str() == row[4].to_lowercase())
        });
        let recipient = named.or(report.recipients.first().filter(|_| row[4].is_empty()))?;
        (recipient.action == Action::Failed || recipient.action == Action::Delayed)
            .then(|| judge_report(recipient.status, &recipient.diagnostic, None))
    };
    for row in rows.iter().filter(|row| row[2] == "bounce" || row[2] == "delayed") {
        let verdict = told(row);
        let hard = verdict.as_ref().is_some_and(|verdict| matches!(verdict.class, Class::Hard | Class::DomainGone));
        tally.hard += u32::from(row[8] == "1");
        tally.hard_told += u32::from(row[8] == "1" && hard);
        tally.not_hard += u32::from(row[8] == "0");
        tally.hard_by_mistake += u32::from(row[8] == "0" && hard);
        if row[8] != if hard { "1" } else { "0" } && !row[8].is_empty() && verdict.is_some() {
            println!("{name}: {} said {verdict:?}", row[7]);
        }
        if REFUSALS.contains(&row[7].as_str()) && row[8] != "1" {
            let blocked = verdict.as_ref().is_some_and(|v| !v.class.concerns_recipient());
            tally.refusals += 1;
            tally.refusals_told += u32::from(blocked);
            if !blocked && verdict.is_some() {
                println!("{name}: {} not ours {verdict:?}", row[7]);
            }
        }
    }
    if rows.iter().any(|row| row[2] == "bounce" || row[2] == "delayed") {
        tally.reports += 1;
        tally.found += u32::from(matches!(kind, Kind::Delivery(_)));
    }
    if rows[0][2] == "feedback" {
        if !matches!(kind, Kind::Feedback(_)) {
            println!("{name}: complaint taken for {}", kind.as_str());
        }
        tally.complaints += 1;
        tally.complaints_told += u32::from(matches!(kind, Kind::Feedback(_)));
    }
    if rows.iter().all(|row| row[2] == "not-bounce") {
        tally.ordinary += 1;
        let mistaken = matches!(kind, Kind::Feedback(_) | Kind::Delivery(_));
        tally.ordinary_by_mistake += u32::from(mistaken);
        if mistaken {
            println!("{name}: ordinary, taken for {}", kind.as_str());
        }
    }
}
