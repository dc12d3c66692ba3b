//! Every sample reads as agreed, and nothing that happens to a mail on its way makes the parser fall.
#![expect(clippy::unwrap_used, reason = "a sample that cannot be read has failed the test")]

use std::path::Path;

use domain::EmailAddress;
use feedback::{Answer, DeliveryReport, Kind, Returned, parse};
use proptest::prelude::*;

/// What was read, and in clear what its own words mask; of addresses, for each recipient the one that failed or complained, and the
/// one that the mail was for at first.
#[derive(Debug)]
#[expect(dead_code, reason = "it is only printed")]
struct Shown<'a> {
    returned: &'a Returned,
    addresses: Vec<[Option<&'a str>; 2]>,
    diagnostics: Vec<&'a str>,
    traces: [&'a [String]; 4],
    report_id: Option<&'a str>,
    subject: Option<&'a str>,
}

impl<'a> From<&'a Returned> for Shown<'a> {
    fn from(returned: &'a Returned) -> Self {
        fn text(address: &Option<EmailAddress>) -> Option<&str> {
            address.as_ref().map(EmailAddress::as_str)
        }
        let addresses = match &returned.kind {
            Kind::Delivery(report) => {
                report.recipients.iter().map(|who| [text(&who.address), text(&who.original)]).collect()
            }
            Kind::Feedback(report) => vec![[text(&report.recipient), None]],
            Kind::AutoReply(_) | Kind::Receipt(_) | Kind::Unsubscribe | Kind::Unknown => Vec::new(),
        };
        let diagnostics = match &returned.kind {
            Kind::Delivery(report) => report.recipients.iter().map(|who| who.diagnostic.as_str()).collect(),
            _ => Vec::new(),
        };
        let traces = &returned.traces;
        Self {
            returned,
            addresses,
            diagnostics,
            traces: [&traces.envelope_ids, &traces.message_ids, &traces.return_paths, &traces.unsubscribe],
            report_id: returned.report_id.as_deref(),
            subject: returned.subject.as_deref(),
        }
    }
}

/// Mails written for this project, one for each thing that a mail can be or do wrong.
#[test]
fn every_sample_is_read_as_agreed() {
    insta::glob!(env!("CARGO_MANIFEST_DIR"), "testdata/*.eml", |path| {
        let raw = std::fs::read(path).unwrap();
        let returned = parse(&raw);
        insta::assert_debug_snapshot!(Shown::from(&returned));
        let crlf = String::from_utf8(raw).unwrap().replace('\n', "\r\n");
        assert_eq!(parse(crlf.as_bytes()).kind, returned.kind, "{} with CR LF", path.display());
    });
}

/// What real servers return, made by `script/returns`, each under the name of the server and of what went wrong.
#[test]
fn what_real_servers_return_is_read_as_what_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/servers");
    let mut read: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let Answer { kind, recipients } = Answer::from(&parse(&std::fs::read(&path).unwrap()));
            let named = recipients.iter().map(|who| {
                let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
                let [address, status, rule, words] = [&who.address, &who.status, &who.rule, &who.words].map(told);
                format!("\n    {address} {} {status} {rule}\n        {words}", who.class.unwrap_or("-"))
            });
            format!("{}: {kind}{}", path.file_stem().unwrap().to_str().unwrap(), named.collect::<String>())
        })
        .collect();
    read.sort();
    assert_eq!(read.len(), 32);
    insta::assert_snapshot!(read.join("\n"));
}

#[test]
fn a_thousand_nested_messages_are_cut_not_climbed() {
    for line in ["Content-Type: message/rfc822\n\n", "Content-Type: multipart/mixed; boundary=b\n\n--b\n"] {
        let mail = format!("From: a@example.com\n{}", line.repeat(20_000));
        assert_eq!(parse(mail.as_bytes()).kind, Kind::Unknown);
    }
}

#[test]
fn ten_mebibytes_of_attachment_are_not_looked_at() {
    let report = sample("postfix-unknown-user.eml");
    let mail = [report.as_slice(), &b"QUJD\r\n".repeat(2 << 20)].concat();
    assert!(matches!(parse(&mail).kind, Kind::Delivery(_)));
}

/// What gateways of old did to line ends and to the blank line behind the head.
#[test]
fn a_report_survives_bare_carriage_returns_and_a_missing_blank_line() {
    for name in ["postfix-unknown-user.eml", "qmail.eml", "exim.eml"] {
        let mail = String::from_utf8(sample(name)).unwrap();
        let Kind::Delivery(whole) = parse(mail.as_bytes()).kind else { panic!("{name} is a report") };
        for broken in [mail.replace('\n', "\r"), mail.replacen("\n\n", "\n", 1)] {
            let Kind::Delivery(report) = parse(broken.as_bytes()).kind else { panic!("{name} is a report still") };
            let addresses =
                |report: &DeliveryReport| report.recipients.iter().map(|who| who.address.clone()).collect::<Vec<_>>();
            assert_eq!(addresses(&report), addresses(&whole), "{name}");
        }
    }
}

/// 50 ms is what a mail may cost at most; a debug build on a busy machine is given a hundred times as long.
#[test]
fn whoever_is_away_has_not_bounced_whoever_else_they_name() {
    let words = "I am on holiday and cannot be reached. Urgent cases: bob@example.org";
    for sign in
        ["Subject: Out of office", "Subject: Hello\nX-Vacation: yes", "Subject: Automatic reply: failure notice"]
    {
        let mail = format!("Return-Path: <>\nFrom: ada@example.org\n{sign}\n\n{words}\n");
        assert!(matches!(parse(mail.as_bytes()).kind, Kind::AutoReply(_)), "{sign}");
    }
}

#[test]
fn no_mail_takes_long_to_read() {
    let head = "From: MAILER-DAEMON@relay.example.net\nSubject: failure notice\n";
    for mail in [
        format!("{head}\n{}", "@".repeat(1 << 20)),
        format!("{head}\n{}", "a@example.org ".repeat(100_000)),
        format!("{head}\n<a@example.org>: 550 {}", "no ".repeat(300_000)),
        format!("{head}{}\nno", "To: a@example.org\n".repeat(50_000)),
        format!("From: {}\nSubject: {}\n\nno", "mail ".repeat(100_000), "delivery ".repeat(50_000)),
        format!(
            "{head}{}\n{}",
            format!("X-Failed-Recipients: {}\n", "a@b.co,".repeat(500)).repeat(260),
            "x@example.org ".repeat(2_000)
        ),
        format!("{head}\n{}", "a@b.co x ".repeat(2_000)),
    ] {
        parse(mail.as_bytes());
        let begun = std::time::Instant::now();
        parse(mail.as_bytes());
        assert!(begun.elapsed().as_millis() < 5_000, "{}", &mail[..80]);
    }
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)).unwrap()
}

proptest! {
    #[test]
    fn parsing_never_panics(raw in prop::collection::vec(any::<u8>(), 0..600)) {
        parse(&raw);
    }
}
