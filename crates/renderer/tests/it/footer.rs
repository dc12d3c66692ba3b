//! The footer is there and can be read, whatever an author writes.

use crate::sample::{body, look, merge, nobody};
use css_inline::{CSSInliner, InlineOptions};
use proptest::prelude::*;
use renderer::{Problem, Source, TemplateError, compile};

/// What an HTML parser makes of a document, each element that a selector matches marked.
fn marked(html: &str, selector: &str) -> usize {
    let sheet = format!("{selector} {{ --found: here }}");
    let options = InlineOptions { extra_css: Some(sheet.into()), keep_style_tags: true, ..InlineOptions::default() };
    CSSInliner::new(options).inline(html).expect("it parses").matches("--found: here").count()
}

/// The tags of a document as an HTML parser writes it out, without what they say.
fn tree(html: &str) -> String {
    let parsed = CSSInliner::new(InlineOptions { keep_style_tags: true, ..InlineOptions::default() }).inline(html);
    parsed.expect("it parses").replace("<!DOCTYPE html>", "<!doctype html>")
}

/// The footer stands in the body itself, last and below one box that has all of the author's part.
#[track_caller]
fn stands_apart(source: &Source) {
    let html = compile(source, &look()).expect("it compiles").render(&merge(nobody())).expect("it renders").html;
    assert_eq!(marked(&html, "body > [role=contentinfo]:last-child"), 1, "{html}");
    assert_eq!(marked(&html, "body > *"), 3, "the preheader, the author's part, the footer: {html}");
    assert_eq!(marked(&html, "body > div > [role=article]:only-child"), 1, "{html}");
    let (author, footer) = html.split_once("<div role=\"contentinfo\"").expect("there is a footer");
    for words in ["https://news.example.com/u/1", "https://news.example.com/p/1", "14 Mill Lane, Bath", "signed up"] {
        assert!(footer.contains(words), "{words} is missing in {footer}");
    }
    // Nothing of the author's is on what is around it, or in it.
    let start = author.find("<body").expect("there is a body");
    let tag = author[start..].split('>').next().unwrap_or_default();
    for styles in [tag, footer, author.split("<head").next().unwrap_or_default()] {
        for hostile in ["display: none", "max-height", "opacity", "#fffffe", "font-size: 0;", "visibility"] {
            assert!(!styles.contains(hostile), "{hostile} in {styles}");
        }
    }
}

fn styled(sheet: &str) -> Source {
    let mjml = body("<div class=\"own\"><p>x</p></div>").mjml;
    let head = format!("<mj-head><mj-style>{sheet}</mj-style>");
    Source { mjml: mjml.replacen("<mj-head>", &head, 1), ..body("x") }
}

fn refusal(source: &Source) -> TemplateError {
    match compile(source, &look()) {
        Ok(_) => panic!("this must not compile: {source:?}"),
        Err(error) => error,
    }
}

#[test]
fn no_rule_of_the_author_reaches_it() {
    for selector in
        ["div", "div, p, a, td, table", "*", "*:not(.own)", ".e-soft, .e-page", "[role]", "[lang]", "div > *"]
    {
        for style in [
            "display: none",
            "max-height: 0; overflow: hidden",
            "color: #fffffe !important; background: #fffffe",
            "opacity: 0",
            "font-size: 0; line-height: 0; visibility: hidden",
            "content: \">\"; display: none",
        ] {
            stands_apart(&styled(&format!("{selector} {{ {style} }}")));
        }
    }
    stands_apart(&styled(".own { display: none } @media all { .own { display: none } }"));
}

#[test]
fn a_rule_about_the_whole_document_is_refused_by_name() {
    for selector in ["body", "html", ":root", "BODY", "html body", "html > body.x", "p, body", "body:first-of-type"] {
        let error = refusal(&styled(&format!("\n{selector} {{ display: none }}")));
        let said = error.to_string();
        assert!(matches!(error.problem, Problem::Style(_)) && error.line == Some(2), "{said}");
        assert!(
            said.contains("is the whole mail, footer included; the ground is <mj-body background-color>"),
            "{said}"
        );
    }
}

#[test]
fn a_rule_that_stays_a_style_sheet_is_refused_where_it_could_reach_it() {
    for sheet in [
        "@media all { div { display: none !important } }",
        "@media all { body { display: none !important } }",
        "@media all { [role=contentinfo] { display: none } }",
        "@layer x { div { display: none } }",
        "@scope (body) { div { display: none } }",
        "@container (width > 0px) { .own { display: none } }",
        "@page { size: 1px 1px }",
        ".own { & + div { display: none } }",
        ".own { color: red; @media all { div { display: none } } }",
        "@media all { .own { color: red }",
        "@media all { .own { color: (red } div { display: none) } }",
        "@media all { .own { color: red } } }",
        "@media all { /* ",
        "<!-- @media all { .own { color: red } }",
        ".own { position: fixed; inset: 0 }",
        "@media all { .own { color: red; POSITION : absolute } }",
        ".own { mso-position-vertical: top }",
    ] {
        let error = refusal(&styled(sheet));
        assert!(matches!(error.problem, Problem::Style(_)), "{sheet}: {error}");
    }
}

#[test]
fn mj_body_and_defaults_do_not_reach_it() {
    let with_body = |attributes: &str| {
        let mjml = body("x").mjml.replacen("<mj-body>", &format!("<mj-body {attributes}>"), 1);
        Source { mjml, ..body("x") }
    };
    stands_apart(&with_body("css-class=\"e-soft own\" background-color=\"#fff\" width=\"1px\""));
    for attributes in
        ["background-color=\"#fff;display:none\"", "css-class='x\" style=\"display:none'", "css-class='x--&gt;'"]
    {
        assert!(matches!(refusal(&with_body(attributes)).problem, Problem::Style(_)), "{attributes}");
    }
    let defaults = "<mj-attributes><mj-all font-size=\"0\" color=\"#fffffe\" css-class=\"own\" />\
                    <mj-section padding=\"9000px\" /></mj-attributes>";
    let mjml = body("x").mjml.replacen("<mj-head>", &format!("<mj-head>{defaults}"), 1);
    stands_apart(&Source { mjml, ..body("x") });
}

/// A body with HTML of the author's where nothing is around it.
fn raw(html: &str) -> Source {
    let mjml = body("x").mjml.replacen("<mj-body>", &format!("<mj-body><mj-raw>{html}</mj-raw>"), 1);
    Source { mjml, ..body("x") }
}

#[test]
fn an_element_that_is_left_open_is_refused() {
    for html in [
        "<div style=\"display:none\">",
        "<div style=\"display:none\"><p></div>",
        "</div><div style=\"display:none\">",
        "<!--",
        "<!-- > ",
        "<style>",
        "<style></style>",
        "<textarea>",
        "<title>",
        "<xmp>",
        "<plaintext>",
        "<select>",
        "<template>",
        "<svg></svg>",
        "<math></math>",
        "<noscript></noscript>",
        "<body style=\"display:none\"></body>",
        "<html hidden=\"\"></html>",
        "<div hidden=\"\"></div>",
        "<![CDATA[",
        "<?x ",
        "<DIV>",
        "<li><div><li></li></div></li>",
        "<ul><li><div><table><li></li></table></div></li></ul>",
        "<a href=\"https://a.example\"><div><a href=\"https://a.example\"></a></div></a>",
        "<p style=\"position:fixed\"></p>",
        "<p style=\"pos&#105;tion:fixed\"></p>",
        "<p style=\"position/**/:fixed\"></p>",
    ] {
        refusal(&raw(html));
    }
    for html in
        ["<div style=\"display:none\"/>", "<b/>", "<p title='\"&gt;&lt;div>'></p>", "--&gt;<p>--></p>", "&lt;!--"]
    {
        stands_apart(&raw(html));
        stands_apart(&body(html));
    }
}

#[test]
fn a_condition_parts_no_table_body_that_only_a_parser_writes() {
    let row = "<tr><td>x</td></tr>";
    let body_of = |inside: &str| raw(&format!("<table>{inside}</table>"));
    let condition = |inside: &str| format!("{{{{#if name}}}}{inside}{{{{/if}}}}");
    refusal(&body_of(&condition(row)));
    refusal(&body_of(&format!("{}{row}", condition(row))));
    refusal(&body_of(&format!("{row}{}", condition(&format!("<tbody>{row}</tbody>")))));
    for inside in [
        format!("{row}{}", condition(row)),
        format!("<tbody>{}</tbody>", condition(row)),
        format!("{}{row}", condition(&format!("<thead>{row}</thead>"))),
        condition(&format!("<tbody>{row}</tbody>")),
    ] {
        stands_apart(&body_of(&inside));
    }
}

#[test]
fn what_a_wrapper_writes_for_outlook_alone_cannot_be_ended() {
    let section = "<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>";
    for inside in ["<mj-raw>--></mj-raw>".to_owned(), format!("{{{{#if name}}}}{section}{{{{/if}}}}")] {
        let mjml =
            body("x").mjml.replacen("<mj-body>", &format!("<mj-body><mj-wrapper>{section}{inside}</mj-wrapper>"), 1);
        refusal(&Source { mjml, ..body("x") });
    }
}

#[test]
fn html_in_a_column_stands_where_it_was_written() {
    let words = "first</mj-text><mj-raw><p>second</p></mj-raw><mj-text>third";
    let html = compile(&body(words), &look()).unwrap().render(&merge(nobody())).unwrap().html;
    let at = |word: &str| html.find(word).expect("it is there");
    assert!(at("first") < at("second") && at("second") < at("third"), "{html}");
}

const TAGS: [&str; 22] = [
    "a",
    "b",
    "p",
    "div",
    "span",
    "center",
    "pre",
    "h1",
    "h2",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "tbody",
    "tr",
    "td",
    "th",
    "caption",
    "blockquote",
];

/// HTML whose elements are nested as they were drawn, as a parser would have it or not.
fn html() -> impl Strategy<Value = String> {
    let leaf =
        prop_oneof![Just("x".to_owned()), Just("<br/>".to_owned()), Just("<hr>".to_owned()), Just(String::new())];
    leaf.prop_recursive(7, 24, 3, |inner| {
        let tag = prop::sample::select(TAGS.to_vec());
        (tag, prop::collection::vec(inner, 0..3), any::<bool>()).prop_map(|(tag, inner, condition)| {
            let inside = inner.concat();
            let inside = if condition { format!("{{{{#if name}}}}{inside}{{{{/if}}}}") } else { inside };
            format!("<{tag} style=\"display:none\">{inside}</{tag}>")
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn it_stands_apart_from_any_html_that_is_let_in(html in html(), in_text: bool) {
        let source = if in_text { body(&html) } else { raw(&html) };
        if let Ok(compiled) = compile(&source, &look()) {
            for person in [nobody(), renderer::Person { name: Some("Ada".to_owned()), ..nobody() }] {
                let mail = compiled.render(&merge(person)).unwrap().html;
                let tree = tree(&mail);
                // What a browser reads is what was written: nothing was moved, nothing repaired.
                for tag in TAGS {
                    let (open, close) = (format!("<{tag} "), format!("</{tag}>"));
                    prop_assert_eq!(mail.matches(&open).count(), tree.matches(&open).count(), "{} in {}", tag, mail);
                    prop_assert_eq!(mail.matches(&close).count(), tree.matches(&close).count(), "{} in {}", tag, mail);
                }
                prop_assert_eq!(marked(&mail, "body > [role=contentinfo]:last-child"), 1);
                prop_assert_eq!(marked(&mail, "body > *"), 3);
            }
        }
    }
}
