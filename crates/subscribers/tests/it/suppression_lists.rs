//! Suppressions come as a list and go as one.

use std::collections::HashMap;

use domain::{BrandId, EmailAddress, KeyId};
use proptest::prelude::*;
use subscribers::suppression::import::{CELL_LIMIT, Import, Line, List, Refused, Report, Unreadable, lines};
use subscribers::suppression::{self, Filter, Reason, active_for, export};
use testkit::{TestDb, both, keys};
use verdict::Class;

use crate::stage::{Stage, ada, address, days, now, staff};

fn list(brands: &[(&str, BrandId)]) -> List {
    let brands = brands.iter().map(|(slug, id)| ((*slug).to_owned(), *id)).collect();
    List { brand: None, reason: Reason::Imported, brands }
}

fn read(text: &[u8], list: &List) -> Vec<Line> {
    lines(text, list, &keys()).unwrap().collect()
}

/// What is wrong with the lines of a list, by line.
fn refused(text: &[u8], list: &List) -> Vec<(u64, Refused)> {
    read(text, list).into_iter().filter_map(|line| line.entry.err().map(|why| (line.line, why))).collect()
}

impl Stage<'_> {
    async fn bring(&self, text: &str, list: &List, dry_run: bool) -> Report {
        let (keys, staff) = (keys(), staff());
        let import = Import::new(&keys, &staff, dry_run);
        import.in_pieces(self.db, read(text.as_bytes(), list), now()).await.unwrap()
    }

    /// What stands against an address.
    async fn against(&self, email: &EmailAddress) -> Vec<(Option<BrandId>, Reason)> {
        let standing = active_for(self.db.reader(), &keys(), email).await.unwrap();
        standing.into_iter().map(|entry| (entry.brand, entry.reason)).collect()
    }

    async fn whole(&self, filter: &Filter) -> String {
        let brands = HashMap::from([(self.brand, "acme".to_owned())]);
        let (mut text, mut after) = (export::HEADER.to_owned(), None);
        while let Some(lines) = export::lines(self.db.reader(), filter, &brands, after).await.unwrap() {
            text += &lines.text;
            after = Some(lines.last);
        }
        text
    }
}

both!(
    async fn a_list_suppresses_whom_it_names_and_its_bad_lines_nobody(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let text = "\u{feff}E-Mail Of,Email,Reason,Brand,Detail\r\n\
                    x,ada@example.com,complaint,acme,told us\r\n\
                    x,not an address,,,\r\n\
                    x,bob@example.com,,,\r\n\
                    x,bob@example.com,,,again\r\n";
        let list = list(&[("acme", stage.brand)]);
        let planned = stage.bring(text, &list, true).await;
        assert!(stage.against(&ada()).await.is_empty(), "a dry run writes nothing");
        let done = stage.bring(text, &list, false).await;
        assert_eq!(done, planned, "what a dry run says is what becomes of it");
        assert_eq!((done.added, done.unchanged, done.refused.len(), done.refused[0].0), (2, 1, 1, 3));
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("suppressed_complaint"));
        assert_eq!(stage.against(&address("bob@example.com")).await, [(None, Reason::Imported)]);
        let again = stage.bring(text, &list, false).await;
        assert_eq!((again.added, again.unchanged), (0, 3));
    }
);

both!(
    async fn a_list_weakens_nothing_that_stands(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        crate::failures::fail(&stage, who, Class::Hard, now()).await;
        let before = stage.against(&ada()).await;
        let text = "address,reason,lifted_at\nada@example.com,soft,\nada@example.com,hard,2026-01-01T00:00:00Z\n";
        let report = stage.bring(text, &list(&[]), false).await;
        assert_eq!((report.added, report.refused), (1, vec![(3, Refused::Lifted)]));
        let after = stage.against(&ada()).await;
        assert!(before.iter().all(|entry| after.contains(entry)), "{after:?}");
        let mut standing = suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap();
        standing.retain(|entry| entry.reason == Reason::Hard);
        let bare = suppression::lift(stage.db, standing[0].id, None, &staff(), now()).await;
        assert!(bare.is_err(), "the older one still asks for a reason");
    }
);

both!(
    async fn what_is_exported_is_taken_elsewhere_as_it_stood(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let list = list(&[("acme", stage.brand)]);
        let text =
            "address,reason,brand,detail\nada@example.com,complaint,acme,\"=1, \"\"no\"\"\"\nbob@example.com,hard,,\n";
        stage.bring(text, &list, false).await;
        let exported = stage.whole(&Filter::default()).await;
        assert!(!exported.contains("ada@"), "no address stands in it");
        assert!(exported.contains(",complaint,\"'=1, \"\"no\"\"\",2026-"), "{exported}");
        let complaints = Filter { reason: Some(Reason::Complaint), ..Filter::default() };
        assert_eq!(stage.whole(&complaints).await.lines().count(), 2);
        let known = stage.bring(&exported, &list, false).await;
        assert_eq!((known.added, known.unchanged, known.refused.len()), (0, 2, 0));
        database::sql::execute(stage.db.writer(), "DELETE FROM suppressions", []).await.unwrap();
        assert_eq!(stage.bring(&exported, &list, false).await.added, 2);
        assert_eq!(stage.against(&ada()).await, [(Some(stage.brand), Reason::Complaint)]);
        assert_eq!(stage.against(&address("bob@example.com")).await, [(None, Reason::Hard)]);
    }
);

both!(
    async fn a_long_list_is_exported_whole_and_once(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let people: String = (0..1_203).map(|at| format!("p{at}@example.com\n")).collect();
        let report = stage.bring(&format!("address\n{people}"), &list(&[]), false).await;
        assert_eq!(report.added, 1_203);
        let whole = stage.whole(&Filter::default()).await;
        let mut lines: Vec<&str> = whole.lines().skip(1).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 1_203);
    }
);

both!(
    async fn a_list_reaches_people_who_lack_the_newest_hash(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let old = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap();
        subscribers::opt_in::request(stage.db, &old, stage.request(&ada(), &[0]), days(-1)).await.unwrap();
        let who = stage.id(&ada()).await;
        stage.bring("address\nada@example.com\n", &list(&[]), false).await;
        assert_eq!(suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap().len(), 1);
    }
);

#[test]
fn what_is_wrong_with_a_line_is_told_with_its_number() {
    let acme = BrandId::new(now());
    let list = list(&[("acme", acme)]);
    let hash = "ab".repeat(32);
    let long = "x".repeat(CELL_LIMIT + 1);
    let text = [
        b"address,hash,scheme,generation,brand,reason,detail,lifted_at\n".to_vec(),
        b"one cell\n".to_vec(),
        format!("ada@example.com,,,,,,{long},\n").into_bytes(),
        b"ada@example.com,,,,,,\xff\xfe,\n".to_vec(),
        b"ada@example.com,,,,,,a\0b,\n".to_vec(),
        b",,,,,,,\n".to_vec(),
        b"ada at example.com,,,,,,,\n".to_vec(),
        b",abcd,1,1,,,,\n".to_vec(),
        format!(",{hash},2,1,,,,\n").into_bytes(),
        format!(",{hash},1,9,,,,\n").into_bytes(),
        b"ada@example.com,,,,,because,,\n".to_vec(),
        b"ada@example.com,,,,nobody,,,\n".to_vec(),
        b"ada@example.com,,,,acme,hard,,\n".to_vec(),
        b"ada@example.com,,,,,complaint,,\n".to_vec(),
        b"ada@example.com,,,,,,,2026-01-01\n".to_vec(),
        format!(",{hash},1,1,,,\"two\nlines\",\n").into_bytes(),
        b"ada@example.com\n".to_vec(),
    ];
    let text = text.concat();
    let no_text = || Refused::NoText("detail".to_owned());
    let expected = [
        Refused::Cells(1, 8),
        Refused::Long("detail".to_owned()),
        no_text(),
        no_text(),
        Refused::Nobody,
        Refused::Address("ada at example.com".parse::<EmailAddress>().unwrap_err()),
        Refused::Hash,
        Refused::Hash,
        Refused::Generation("9".to_owned()),
        Refused::Reason("because".to_owned()),
        Refused::Brand("nobody".to_owned()),
        Refused::EveryBrand(Reason::Hard),
        Refused::OneBrand(Reason::Complaint),
        Refused::Lifted,
    ];
    let mut expected: Vec<_> = (2..).zip(expected).collect();
    // One whose cell has two lines is between them.
    expected.push((18, Refused::Cells(1, 8)));
    assert_eq!(refused(&text, &list), expected);
    assert!(keys().generations().any(|id| id == KeyId(1)));

    let of_one = List { brand: Some(acme), ..list };
    assert_eq!(refused(b"address,reason\nada@example.com,hard\nada@example.com,complaint\n", &of_one), []);
}

#[test]
fn a_list_without_a_column_that_names_anybody_is_refused_as_a_whole() {
    let list = list(&[]);
    for text in [&b""[..], b"\xff\xff\xff", b"address;reason\nada@example.com;hard\n", b"ada@example.com\n"] {
        assert_eq!(lines(text, &list, &keys()).err(), Some(Unreadable::NoColumn), "{text:?}");
    }
    assert_eq!(lines(b"address,email\n", &list, &keys()).err(), Some(Unreadable::Twice("address")));
}

#[test]
fn a_quote_that_is_left_open_is_one_bad_line() {
    let text = format!("address,detail\n\"ada@example.com,\n{}", "p@example.com,\n".repeat(200));
    assert!(matches!(&*refused(text.as_bytes(), &list(&[])), [(2, Refused::Cells(1, 2))]));
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["address,detail", "ada@example.com,\"two", "lines\"", "", "wrong,", "ada@example.com,", "wrong,"]
            .join(end);
        let numbers: Vec<u64> = refused(text.as_bytes(), &list(&[])).into_iter().map(|(line, _)| line).collect();
        assert_eq!(numbers, [5, 7], "{end:?}");
    }
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_each_line_is_an_entry_or_told(
        heading in prop::sample::select(vec!["address,reason,detail\n", "hash,scheme,generation,brand\n", ""]),
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\",\n\r@a.".to_vec())], 0..400),
    ) {
        let text = [heading.as_bytes(), &bytes].concat();
        if let Ok(lines) = lines(&text, &list(&[]), &keys()) {
            let rows = lines.inspect(|line| assert!(line.line >= 1)).count();
            prop_assert!(rows <= bytes.len() + 1);
        }
    }
}
