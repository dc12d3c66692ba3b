//! No value of a person becomes markup, template, header or a second line, whatever it is.

use crate::sample::{body, headers, look, merge};
use domain::Locale;
use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;
use renderer::{Compiled, Person, Source, compile, starters};

/// Values that have broken templates before, and any other text.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{{name}}".to_owned()),
        Just("{{#if name}}{{/if}}{{{email}}}".to_owned()),
        Just("<script>alert(1)</script>".to_owned()),
        Just("\"><img src=x onerror=alert(1)>".to_owned()),
        Just("--><b>bold</b><!--".to_owned()),
        Just("]]></style><style>*{display:none}".to_owned()),
        Just("Ada\r\nBcc: everybody@example.com\r\n\r\nbody".to_owned()),
        Just("=?utf-8?q?evil?=".to_owned()),
        Just("\u{202e}moc.elpmaxe\u{202c}\u{2028}\u{0}".to_owned()),
        Just("&lt;b&gt;&amp;".to_owned()),
        Just("xq0000 xq0001 <!--xq0002-->".to_owned()),
        Just("javascript:alert(1)//../?&#".to_owned()),
        ".{0,60}",
        "[<>{}\"'&=\r\n -]{0,30}",
        "x{2000,3000}",
    ]
}

fn person() -> impl Strategy<Value = Person> {
    (value(), value(), value()).prop_map(|(name, city, plan)| Person {
        name: Some(name.clone()),
        first_name: Some(name.clone()),
        company: Some(name),
        city: Some(city),
        attributes: [("plan".to_owned(), plan)].into(),
        ..Person::default()
    })
}

fn template() -> Compiled {
    let words = "<p title=\"{{city}}\">{{name}}, {{fallback company \"you\"}}: {{attributes.plan}}</p>\
                 <a href=\"https://a.example/{{city}}/?q={{name}}\">{{city}}</a>";
    let source = Source {
        subject: "For {{fallback name \"you\"}}: {{city}}".to_owned(),
        preheader: "{{attributes.plan}}".to_owned(),
        ..body(words)
    };
    compile(&source, &look()).expect("this compiles")
}

/// The tags of a document, names and attribute names only: what a value must not change.
fn shape(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let outside_of_quotes: String = tag.split('"').step_by(2).collect();
        tags.push(outside_of_quotes);
    }
    tags
}

fn lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(str::to_owned).collect()
}

/// What a hostile template is pieced together from.
const PIECES: [&str; 45] = [
    "{{name}}",
    "{{#if name}}",
    "{{else}}",
    "{{else if city}}",
    "{{~else if city~}}",
    "{{/if}}",
    "{{#unless x}}",
    "{{/unless}}",
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{{{raw}}}}",
    "{{{{/raw}}}}",
    "{{!--",
    "--}}",
    "\\",
    "{{fallback name '",
    "'}}",
    "\n",
    " ",
    "<p>",
    "</p>",
    "<a href=\"",
    "\">",
    "</a>",
    "<!--",
    "-->",
    "</mj-text>",
    "<mj-text>",
    "<mj-raw>",
    "</mj-raw>",
    "ä",
    "<mj-style>",
    "</mj-style>",
    "{{> x}}",
    "{{* x}}",
    "{{#*inline 'x'}}",
    "(a b)",
    "[0]",
    "xq0001",
    "<!--xq0001-->",
    "{{~",
    "~}}",
    "as |x|",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_value_is_never_markup(person in person()) {
        let template = template();
        // Both have every value, so both take the same branches.
        let plain = Person {
            name: Some("a".to_owned()),
            first_name: Some("a".to_owned()),
            company: Some("a".to_owned()),
            city: Some("a".to_owned()),
            attributes: [("plan".to_owned(), "a".to_owned())].into(),
            ..Person::default()
        };
        let (mail, expected) = (template.render(&merge(person)).unwrap(), template.render(&merge(plain)).unwrap());
        prop_assert_eq!(shape(&mail.html), shape(&expected.html));
        prop_assert!(!mail.subject.contains(['\r', '\n', '\0']));
        prop_assert_eq!(mail.text.lines().count(), expected.text.lines().count());
        let link = mail.html.split("href=\"").find(|rest| rest.starts_with("https://a.example/")).unwrap();
        let link = link.split('"').next().unwrap();
        prop_assert!(link.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"'&".contains(&b)), "{}", link);
        prop_assert_eq!(link.matches(['/', '?', '=', '#']).count(), 6, "{}", link);
    }

    #[test]
    fn a_value_is_never_a_header(person in person(), name in value()) {
        let mail = template().render(&merge(person)).unwrap();
        let bytes = renderer::mime::message(&mail, &headers(&name)).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        prop_assert!(text.is_ascii() && !text.contains('\0'));
        prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare CR or LF");
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 998));

        let message = MessageParser::default().parse(&bytes).unwrap();
        let names: Vec<_> = message.headers().iter().map(|header| header.name().to_owned()).collect();
        prop_assert_eq!(names, [
            "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post",
            "List-ID", "Feedback-ID", "Precedence", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
        ]);
        prop_assert_eq!(message.subject().unwrap(), mail.subject.as_str());
        prop_assert_eq!(lines(&message.body_text(0).unwrap()), lines(&mail.text));
        prop_assert_eq!(lines(&message.body_html(0).unwrap()), lines(&mail.html));
        prop_assert_eq!(message.parts.len(), 3);
        prop_assert_eq!(message.attachment_count(), 0);
        prop_assert!(message.text_part(0).unwrap().content_type().unwrap().subtype() == Some("plain"));
    }

    #[test]
    fn compiling_never_panics(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14)
    ) {
        let words = pieces.concat();
        let _ = compile(&body(&words), &look());
        let _ = compile(&Source { subject: words, ..body("x") }, &look());
    }
}

#[test]
fn a_greater_than_sign_behind_any_letter_is_a_word_like_others() {
    for words in ["café > bar", "ä>", "ä\">", "€ >", "a]]>b", "1 > 2 > ä>"] {
        let mail = compile(&body(words), &look()).expect(words).render(&merge(Person::default())).expect(words);
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
        assert!(mail.html.contains(&words.replace('>', "&gt;")), "{words}: {}", mail.html);
    }
}

#[test]
fn a_style_sheet_may_say_anything_before_a_greater_than_sign() {
    for sheet in ["/* ä > */ p { color: #123456 }", "/*€>*/ p { color: #123456 }"] {
        let head = format!("<mj-head><mj-style>{sheet}</mj-style>");
        let source = Source { mjml: body("<p>x</p>").mjml.replacen("<mj-head>", &head, 1), ..body("x") };
        let compiled = compile(&source, &look()).expect(sheet);
        assert!(compiled.render(&merge(Person::default())).is_ok(), "{sheet}");
    }
}

#[test]
fn a_name_that_is_a_template_stays_a_name() {
    for starter in Locale::ALL.into_iter().flat_map(starters) {
        let compiled = compile(&starter.source(), &look()).expect("a starter compiles");
        let evil = Person { first_name: Some("{{{links.unsubscribe}}} <b>".to_owned()), ..Person::default() };
        let mail = compiled.render(&merge(evil)).expect("it renders");
        assert!(!mail.html.contains("<b>"));
        assert!(
            mail.text.contains("{{{links.unsubscribe}}} <b>") || mail.subject.contains("{{{links"),
            "{}",
            mail.text
        );
    }
}
