use std::io::Write;
use std::process::{Command, Stdio};

use domain::{Locale, MailKind};
use renderer::mime::{Headers, MimeError, message};
use renderer::{Look, Person, Rendered, compile, starters};

use crate::sample::{headers, look, merge};

fn ada() -> Person {
    Person { first_name: Some("Ada".to_owned()), company: Some("Müller & Söhne".to_owned()), ..Person::default() }
}

/// The line breaks of a message are part of it, so the snapshot shows them.
fn shown(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("a message is ASCII");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");
    text.replace("\r\n", "\u{21b5}\n")
}

#[test]
fn every_starter_is_a_whole_message_byte_for_byte() {
    for starter in Locale::ALL.into_iter().flat_map(starters) {
        let look = Look { locale: starter.locale, ..look() };
        let mail = compile(&starter.source(), &look).unwrap().render(&merge(ada())).unwrap();
        let bytes = message(&mail, &headers("Ada Lovelace")).unwrap();
        assert_eq!(bytes, message(&mail, &headers("Ada Lovelace")).unwrap(), "the same input gives the same bytes");
        let name = match starter.locale {
            Locale::En => starter.slug.to_owned(),
            other => format!("{}.{other}", starter.slug),
        };
        insta::assert_snapshot!(name, shown(&bytes));
    }
}

#[test]
fn lines_are_short_and_nothing_has_eight_bits() {
    let mail = Rendered {
        subject: "Grüße aus München und noch viele weitere Wörter, die nicht in eine Zeile passen 🎉".to_owned(),
        html: format!("<p>{}</p>\n.\nFrom here", "ü".repeat(5_000)),
        text: format!("{}\n\n.\n..\nFrom me \t\n{}", "x".repeat(10_000), "日本".repeat(3_000)),
    };
    let bytes = message(&mail, &headers("Zoë \"Zed\" O’Neill, Ltd <zoe@evil.example>")).unwrap();
    assert!(bytes.is_ascii());
    // An address cannot be folded.
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"List-Unsubscribe: <")) {
        assert!(line.len() <= 79, "{}", String::from_utf8_lossy(line));
    }
}

/// Another implementation reads the same: Python's `email`, with its strictest policy.
#[test]
fn pythons_email_reads_what_was_written() {
    let mail = Rendered {
        subject: "Grüße, {{name}} =?utf-8?q?x?= und ein sehr langer Betreff mit vielen Wörtern 🎉 bis ans Ende"
            .to_owned(),
        html: "<p>Grüße = 100 %</p>\n<p>.</p>\n".to_owned(),
        text: "Grüße = 100 %\n.\nFrom me\n".to_owned(),
    };
    let bytes = message(&mail, &headers("Zoë \"Zed\" O’Neill, Ltd")).unwrap();
    let script = "import sys, email, email.policy\n\
                  m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)\n\
                  assert not m.defects, m.defects\n\
                  parts = list(m.iter_parts())\n\
                  assert not any(p.defects for p in parts)\n\
                  out = [m['subject'], str(m['to']), m['list-id'], m['list-unsubscribe'], m.get_content_type()]\n\
                  out += [p.get_content_type() + '|' + p.get_content() for p in parts]\n\
                  sys.stdout.buffer.write('\\0'.join(out).encode())\n";
    let Ok(mut python) =
        Command::new("python3").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    else {
        println!("skipped: python3 is not installed");
        return;
    };
    python.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let read = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    let read: Vec<_> = read.split('\0').collect();
    assert_eq!(read[0], mail.subject);
    assert_eq!(read[1], "\"Zoë \\\"Zed\\\" O’Neill, Ltd\" <ada@example.org>");
    assert_eq!(read[2], "\"Larch & Linden: Offers\" <offers.news.example.com>");
    assert_eq!(
        read[3],
        "<https://news.example.com/u/mzxw6ytboi4dsmrqgezdgnbvgy3tqojqmzxw6ytboi4dsmrq>, \
         <mailto:unsub-mzxw6ytboi4dsmrqgezdgnbvgy3tqojq@bounce.example.com>"
    );
    assert_eq!(read[4], "multipart/alternative");
    // Python counts the line break before a boundary to the part (RFC 2046 §5.1.1 does not), if there is one more.
    assert_eq!(read[5].trim_end(), format!("text/plain|{}", mail.text.trim_end()));
    assert_eq!(read[6].trim_end(), format!("text/html|{}", mail.html.trim_end()));
}

#[test]
fn only_bulk_mail_is_called_bulk_and_only_system_mail_automatic() {
    let mail = Rendered { subject: "x".to_owned(), html: "<p>x</p>".to_owned(), text: "x".to_owned() };
    for kind in MailKind::ALL {
        let bytes = message(&mail, &Headers { kind, ..headers("Ada") }).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert_eq!(text.contains("\r\nPrecedence: bulk\r\n"), kind.is_bulk(), "{kind}");
        assert_eq!(text.contains("\r\nAuto-Submitted: auto-generated\r\n"), !kind.is_bulk(), "{kind}");
        assert!(text.contains("\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n"));
    }
    let bytes = message(&mail, &Headers { list: None, ..headers("Ada") }).unwrap();
    assert!(!std::str::from_utf8(&bytes).unwrap().contains("List-"));
}

#[test]
fn where_complaints_go_stands_in_the_head_if_they_are_asked_for() {
    let mail = Rendered { subject: "x".to_owned(), html: "x".to_owned(), text: "x".to_owned() };
    let good = headers("Ada");
    let list = good.list.clone().unwrap();
    let head = |feedback_id: &str| {
        let address = "b-mzxw6ytboi4dsmrqgezdgnbvgy3tqojq@bounce.example.com".parse().unwrap();
        let cfbl = Some(renderer::mime::Cfbl { address, feedback_id: feedback_id.to_owned() });
        message(&mail, &Headers { list: Some(renderer::mime::ListHeaders { cfbl, ..list.clone() }), ..good.clone() })
    };
    let bytes = head("mzxw6ytboi4dsmrq").unwrap();
    let text = std::str::from_utf8(&bytes).unwrap().replace("\r\n ", " ");
    let (address, id) = (
        "CFBL-Address: b-mzxw6ytboi4dsmrqgezdgnbvgy3tqojq@bounce.example.com; report=arf\r\n",
        "CFBL-Feedback-ID: mzxw6ytboi4dsmrq\r\n",
    );
    assert!(text.contains(address) && text.contains(id), "{text}");
    assert!(matches!(head("a\r\nBcc: b"), Err(MimeError::Header { header: "CFBL-Feedback-ID", .. })));
}

#[test]
fn what_would_break_a_header_is_refused() {
    let mail = Rendered { subject: "x".to_owned(), html: "x".to_owned(), text: "x".to_owned() };
    let good = headers("Ada");
    let list = good.list.clone().unwrap();
    for id in
        ["", "a", "a b@example.com", "<a@example.com>", "a@example.com\r\nBcc: b@example.com", "ä@example.com", "a@"]
    {
        let bad = Headers { message_id: id.to_owned(), ..good.clone() };
        assert!(matches!(message(&mail, &bad), Err(MimeError::Header { header: "Message-ID", .. })), "{id:?}");
    }
    for id in ["", "of fers.example.com", "offers\r\n.example.com", "a>b"] {
        let bad =
            Headers { list: Some(renderer::mime::ListHeaders { id: id.to_owned(), ..list.clone() }), ..good.clone() };
        assert!(matches!(message(&mail, &bad), Err(MimeError::Header { header: "List-Id", .. })), "{id:?}");
    }
    let bad = renderer::mime::ListHeaders { feedback_id: Some("a:b c".to_owned()), ..list };
    let bad = Headers { list: Some(bad), ..good };
    assert!(matches!(message(&mail, &bad), Err(MimeError::Header { header: "Feedback-ID", .. })));
}
