//! Messages from segments say what lettre's builder makes of the rendered mail: one is the other's oracle.

use chrono::{DateTime, Utc};
use domain::{Locale, MailKind};
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;
use renderer::mime::{Headers, message};
use renderer::{Compiled, Merge, MessageError, Person, RenderError, Segments, Source, compile, starters};

use crate::sample::{body, headers, look, merge};

/// Words as authors write them, in HTML and elsewhere.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-z ,.=%]{1,80}",
        2 => "[äöüßéñ€’ ]{1,12}",
        1 => "[а-я日本 ]{1,60}",
        1 => Just(" \n.\nFrom here \t\n".to_owned()),
        1 => Just("\r\n\r\n..\r\n".to_owned()),
        1 => Just("\r".to_owned()),
        1 => Just("\n".to_owned()),
        1 => "[x=]{60,200}",
    ]
}

fn field() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["name", "first_name", "city", "email", "attributes.plan"])
}

/// A piece of a template: words, values, conditions; `html` has links and elements as well.
fn piece(html: bool) -> impl Strategy<Value = String> {
    let value = field().prop_map(|field| format!("{{{{{field}}}}}"));
    let fallback =
        (field(), "[a-zä= ]{0,20}").prop_map(|(field, words)| format!("{{{{fallback {field} \"{words}\"}}}}"));
    let leaf = if html {
        let link = (field(), field()).prop_map(|(path, query)| {
            format!("<a href=\"https://a.example/{{{{{path}}}}}/?q={{{{{query}}}}}&amp;x=1\">")
        });
        let link = (link, words()).prop_map(|(link, words)| format!("{link}{words}</a>"));
        let page = words().prop_map(|words| format!("<a href=\"https://b.example/?x=1&amp;y=ä\">{words}</a>"));
        let title = (field(), words()).prop_map(|(field, words)| format!("<p title=\"{{{{{field}}}}}\">{words}</p>"));
        prop_oneof![3 => words(), 2 => value, 1 => fallback, 1 => link, 1 => page, 1 => title].boxed()
    } else {
        prop_oneof![3 => words(), 2 => value, 1 => fallback].boxed()
    };
    leaf.prop_recursive(3, 12, 3, |inner| {
        let inner = prop::collection::vec(inner, 0..3).prop_map(|pieces| pieces.concat());
        let otherwise = prop::option::of(inner.clone());
        (prop::sample::select(vec!["if", "unless"]), field(), inner, otherwise).prop_map(
            |(word, field, then, otherwise)| {
                let otherwise = otherwise.map(|words| format!("{{{{else}}}}{words}")).unwrap_or_default();
                format!("{{{{#{word} {field}}}}}{then}{otherwise}{{{{/{word}}}}}")
            },
        )
    })
}

fn template() -> impl Strategy<Value = Compiled> {
    let pieces = |html, most| prop::collection::vec(piece(html), 0..most).prop_map(|pieces| pieces.concat());
    (pieces(false, 4), pieces(false, 3), pieces(true, 10)).prop_map(|(subject, preheader, words)| {
        // Every subject says something to everybody, and no line of ours is longer than authors may make one.
        let one_line = |text: String| text.replace(['\r', '\n'], " ");
        let source =
            Source { subject: format!("x{}", one_line(subject)), preheader: one_line(preheader), ..body(&words) };
        compile(&source, &look()).unwrap_or_else(|error| panic!("{error}: {source:?}"))
    })
}

/// What people put into forms, and what they do not.
fn value() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some("Ada\r\nBcc: everybody@example.com\r\n\r\n.\r\n".to_owned())),
        1 => Just(Some("=?utf-8?q?evil?= =41=\r\n".to_owned())),
        1 => Just(Some("  blank  ".to_owned())),
        1 => Just(Some("\r".to_owned())),
        2 => "\\PC{0,40}".prop_map(Some),
        1 => "[<>&\"'=.\r\n\t -]{0,30}".prop_map(Some),
        1 => "[xü日= ]{200,400}".prop_map(Some),
    ]
}

fn person() -> impl Strategy<Value = Person> {
    (value(), value(), value(), value()).prop_map(|(name, first_name, city, plan)| Person {
        name,
        first_name,
        city,
        email: Some("ada@example.org".to_owned()),
        attributes: plan.map(|plan| ("plan".to_owned(), plan)).into_iter().collect(),
        ..Person::default()
    })
}

fn head() -> impl Strategy<Value = Headers> {
    (0..4_000_000_000_i64, value(), prop::sample::select(MailKind::ALL.to_vec()), any::<bool>(), any::<bool>())
        .prop_map(|(seconds, name, kind, replies, list)| {
            let whole = headers(name.as_deref().unwrap_or_default());
            Headers {
                kind,
                date: DateTime::<Utc>::from_timestamp(seconds, 0).expect("a date"),
                reply_to: whole.reply_to.clone().filter(|_| replies),
                list: whole.list.clone().filter(|_| list),
                ..whole
            }
        })
}

/// Everything before the first part, as it is written.
fn head_of(raw: &[u8]) -> &str {
    std::str::from_utf8(raw).expect("a message is ASCII").split("\r\n\r\n").next().unwrap_or_default()
}

fn parts<'m>(message: &'m Message<'_>) -> Vec<(Option<&'m str>, &'m str)> {
    let parts = message.parts.iter().map(|part| {
        let text = match &part.body {
            PartType::Text(text) | PartType::Html(text) => text.as_ref(),
            _ => "",
        };
        (part.content_type().and_then(|kind| kind.subtype()), text)
    });
    parts.collect()
}

/// The two messages of a template for a person: from segments, and by lettre.
fn both(template: &Compiled, merge: &Merge, headers: &Headers) -> (Vec<u8>, Vec<u8>) {
    let segments = Segments::new(template.clone());
    let by_lettre = message(&template.render(merge).expect("it renders"), headers).expect("lettre takes it");
    (segments.message(merge, headers).expect("segments take it"), by_lettre)
}

#[track_caller]
fn check(template: &Compiled, merge: &Merge, headers: &Headers) {
    let (ours, by_lettre) = both(template, merge, headers);
    assert_eq!(head_of(&ours), head_of(&by_lettre));
    let text = std::str::from_utf8(&ours).expect("a message is ASCII");
    assert!(text.is_ascii() && text.ends_with("\r\n") && !text.contains('\0'));
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    // RFC 2045 §6.7, rules 3 and 5.
    assert!(body.split("\r\n").all(|line| line.len() <= 76 && !line.ends_with([' ', '\t'])), "{body}");

    let parser = MessageParser::default();
    let (read, expected) = (parser.parse(&ours).expect("it reads"), parser.parse(&by_lettre).expect("it reads"));
    assert_eq!(parts(&read), parts(&expected));
    assert_eq!(read.subject(), expected.subject());
    assert_eq!(read.date().map(mail_parser::DateTime::to_timestamp), Some(headers.date.timestamp()));
    let rendered = template.render(merge).expect("it renders");
    let lines = |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| text.replace("\r\n", "\n"));
    assert_eq!(read.subject(), Some(rendered.subject.as_str()));
    assert_eq!(lines(read.body_html(0)), Some(rendered.html));
    assert_eq!(lines(read.body_text(0)), Some(rendered.text));
    assert_eq!((read.parts.len(), read.attachment_count()), (3, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn segments_say_what_lettre_says(template in template(), person in person(), head in head(), counted: (bool, bool)) {
        let mut merge = merge(person);
        merge.links.click = counted.0.then(|| "https://news.example.com/c/t0ken".parse().expect("a URL"));
        merge.links.open = counted.1.then(|| "https://news.example.com/o/t0ken".parse().expect("a URL"));
        check(&template, &merge, &head);
    }
}

#[test]
fn every_starter_says_the_same_from_segments() {
    for starter in Locale::ALL.into_iter().flat_map(starters) {
        let template = compile(&starter.source(), &look()).unwrap();
        for person in [
            Person::default(),
            Person {
                first_name: Some("Ada".to_owned()),
                company: Some("Müller & Söhne".to_owned()),
                ..Person::default()
            },
            Person { first_name: Some("x=".repeat(500)), ..Person::default() },
        ] {
            check(&template, &merge(person), &headers("Zoë \"Zed\" O’Neill, Ltd"));
        }
    }
}

#[test]
fn a_value_between_a_cr_and_its_lf_makes_no_second_line_break() {
    let template = compile(&body("one\r{{name}}\ntwo\r\nthree"), &look()).unwrap();
    for name in [None, Some("Ada".to_owned())] {
        check(&template, &merge(Person { name, ..Person::default() }), &headers("Ada"));
    }
}

#[test]
fn what_is_too_large_is_too_large_either_way() {
    let template = compile(&body("{{name}}{{name}}"), &look()).unwrap();
    let merge = merge(Person { name: Some("<".repeat(200_000)), ..Person::default() });
    let refused = template.render(&merge).unwrap_err();
    let RenderError::TooLarge { bytes, .. } = refused;
    assert!(bytes > 1_600_000);
    let error = Segments::new(template).message(&merge, &headers("Ada")).unwrap_err();
    assert!(matches!(error, MessageError::Render(error) if error == refused));
}

#[test]
fn a_template_without_latin_letters_is_written_in_base64() {
    let template = compile(&body(&"日本語の".repeat(4_000)), &look()).unwrap();
    let (ours, by_lettre) = both(&template, &merge(Person::default()), &headers("Ada"));
    assert!(String::from_utf8(ours.clone()).unwrap().contains("base64"));
    assert_eq!(ours, by_lettre);
}
