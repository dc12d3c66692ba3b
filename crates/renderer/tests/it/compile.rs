//! What templates may do, and what is said about those that do more.

use crate::sample::{body, look, merge, nobody};
use domain::Locale;
use renderer::{Compiled, Part, Person, Problem, RenderError, Source, TemplateError, compile, starters};

fn refusal(source: &Source) -> TemplateError {
    match compile(source, &look()) {
        Ok(_) => panic!("this must not compile: {source:?}"),
        Err(error) => error,
    }
}

fn compiled(words: &str) -> Compiled {
    compile(&body(words), &look()).expect("this compiles")
}

fn text(words: &str, person: Person) -> String {
    compiled(words).render(&merge(person)).expect("it renders").text
}

#[test]
fn an_unknown_field_is_named_with_its_line() {
    let source = Source {
        mjml: "<mjml>\n  <mj-body>\n    <mj-section><mj-column>\n      <mj-text>Dear {{frist_name}}</mj-text>\n    \
               </mj-column></mj-section>\n  </mj-body>\n</mjml>"
            .to_owned(),
        ..body("")
    };
    let error = refusal(&source);
    assert_eq!((error.part, error.line), (Part::Body, Some(4)));
    assert!(
        error.to_string().starts_with("body, line 4: there is no field frist_name; the fields are name, first_name,")
    );

    let error = refusal(&Source { subject: "Hello {{nmae}}".to_owned(), ..body("Hello") });
    assert_eq!((error.part, error.line), (Part::Subject, Some(1)));
    let error = refusal(&Source { preheader: "{{attributes.Plan}}".to_owned(), ..body("Hello") });
    assert_eq!((error.part, error.line), (Part::Preheader, Some(1)));
}

/// Every fault of a body, with what is said about it: `script` for staff who write templates.
#[test]
fn every_fault_says_what_and_where() {
    let bodies = [
        "{{{name}}}",
        "{{&name}}",
        "{{> footer}}",
        "{{#each attributes}}x{{/each}}",
        "{{lookup attributes \"x\"}}",
        "{{log name}}",
        "{{why}}",
        "{{this}}",
        "{{@root.name}}",
        "{{../name}}",
        "{{fallback name}}",
        "{{fallback name 3}}",
        "{{name",
        "{{#if name}}x",
        "{{#if (eq name \"x\")}}x{{/if}}",
        "{{asset \"nothing.png\"}}",
        "<p>{{#if name}}</p><p>{{/if}}</p>",
        "<p title=\"{{#if name}}\">{{/if}}</p>",
        "<!-- {{#if name}} -->x{{/if}}",
        "<p style=\"color:{{city}}\">x</p>",
        "<a href=\"{{city}}\">x</a>",
        "<a href=\"https://{{city}}.example.com/\">x</a>",
        "<a href=\"{{#if city}}https://a.example/{{/if}}\">x</a>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\"/offers\">x</a>",
        "<a href=\"https://a.example\" onclick=\"x()\">x</a>",
        "<script>alert(1)</script>",
        "<iframe src=\"https://a.example/\"></iframe>",
        "<form></form>",
        "<img src=\"https://a.example/a.png\" />",
        "<p>never closed",
        "<b><i>crossed</b></i>",
        "1 < 2",
        "</mj-text><mj-include path=\"./x\" /><mj-text>",
        "</mj-text><mj-image src=\"https://a.example/a.png\" /><mj-text>",
        "</mj-text><mj-text colour=\"red\">",
        "</mj-text><mj-section></mj-section><mj-text>",
        "</mj-text><mj-column></mj-column><mj-text>",
        "<mjml></mjml>",
        "</mj-text>{{name}}<mj-text>",
        "<{{name}}>x</{{name}}>",
        "<p {{name}}=\"x\">x</p>",
        "</mj-text></mj-column>{{#if name}}<mj-column></mj-column>{{/if}}<mj-column><mj-text>",
        "</mj-text><mj-image alt=\"\" src=\"https://elsewhere.example/a.png\" /><mj-text>",
        "<img alt=\"\" src=\"https://elsewhere.example/a.png?who={{email}}\" />",
        "<img alt=\"\" src=\"{{links.view}}\" />",
        "<p style=\"background: url(https://elsewhere.example/a.png)\">x</p>",
        "<p style=\"position: fixed\">x</p>",
        "</mj-text><mj-text padding=\"0;position:fixed\">",
        "</mj-text><mj-text css-class='x\" style=\"position:fixed'>",
        "<p><div>x</div></p>",
        "<table>x</table>",
        "<table>{{name}}</table>",
        "<div><td>x</td></div>",
        "</mj-text><mj-social><mj-social-element name=\"facebook\" href=\"https://a.example/\" /></mj-social><mj-text>",
    ];
    let mut said = String::new();
    for words in bodies {
        let error = refusal(&body(words));
        said.push_str(&format!("{words}\n    {error}\n"));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_head_cannot_load_anything() {
    for (head, element) in [
        ("<mj-font name=\"x\" href=\"https://fonts.example/\" />", "mj-font"),
        ("<mj-preview>x</mj-preview>", "mj-preview"),
        ("<mj-title>x</mj-title>", "mj-title"),
        ("<mj-include path=\"x\" />", "mj-include"),
    ] {
        let mjml = body("x").mjml.replacen("<mj-head>", &format!("<mj-head>{head}"), 1);
        let error = refusal(&Source { mjml, ..body("x") });
        assert!(matches!(&error.problem, Problem::Element { element: found, .. } if found == element), "{error}");
    }
    let style = "<mj-style>@import url(https://fonts.example/);</mj-style>";
    let mjml = body("x").mjml.replacen("<mj-head>", &format!("<mj-head>{style}"), 1);
    assert!(matches!(refusal(&Source { mjml, ..body("x") }).problem, Problem::Style(_)));
}

#[test]
fn what_is_no_document_is_refused() {
    let part = "<mj-body></mj-body>";
    for mjml in [
        format!("<mjml>{part}{part}</mjml>"),
        format!("<mjml>{part}<mj-head></mj-head></mjml>"),
        format!("<mjml>{part}</mjml>").repeat(2),
    ] {
        assert_eq!(refusal(&Source { mjml, ..body("") }).problem, Problem::NoDocument);
    }
    for mjml in ["", "x", "<mjml></mjml>", "<mj-body></mj-body>", "<mjml><mj-head></mj-head></mjml>", "<div></div>"] {
        refusal(&Source { mjml: mjml.to_owned(), ..body("") });
    }
}

#[test]
fn every_way_to_write_a_head_is_one() {
    for head in ["", "<mj-head/>", "<mj-head />", "<mj-head ></mj-head>", "<!-- x -->\n<mj-head>\n</mj-head>\n"] {
        let mjml = body("x").mjml.replacen("<mj-head></mj-head>", head, 1);
        let mail = compile(&Source { mjml, ..body("x") }, &look()).unwrap().render(&merge(nobody())).unwrap();
        assert_eq!(mail.html.matches("<title>").count(), 1, "{head}");
        assert!(mail.html.contains("class=\"e-ink\""), "{head}");
    }
}

#[test]
fn sizes_and_depths_have_limits() {
    let long = Source { subject: "x".repeat(1_001), ..body("x") };
    assert!(matches!(refusal(&long).problem, Problem::TooLong { limit: 1_000, .. }));
    assert!(matches!(refusal(&body(&"x".repeat(300_000))).problem, Problem::TooLong { .. }));
    let deep = |count| format!("{}x{}", "<div>".repeat(count), "</div>".repeat(count));
    compiled(&deep(40));
    assert!(matches!(refusal(&body(&deep(60))).problem, Problem::TooDeep { .. }));
    let nested = |count| format!("{}x{}", "{{#if name}}".repeat(count), "{{/if}}".repeat(count));
    compiled(&nested(16));
    for count in [17, 5_000] {
        assert!(matches!(refusal(&body(&nested(count))).problem, Problem::TooDeep { .. }));
    }
    for hostile in ["{{".repeat(20_000), format!("{{{{{}", "(".repeat(50_000)), format!("{{{{{}}}}}", "(".repeat(300))]
    {
        refusal(&body(&hostile));
    }
}

#[test]
fn a_style_sheet_that_takes_long_to_work_in_is_refused_by_name() {
    let with = |sheet: &str| {
        let source = body(&"<p>x</p>".repeat(5_000));
        let head = format!("<mj-head><mj-style>{sheet}</mj-style></mj-head>");
        Source { mjml: source.mjml.replacen("<mj-head></mj-head>", &head, 1), ..source }
    };
    assert!(compile(&with(".a { color: red }"), &look()).is_ok());
    let many = refusal(&with(&".a{color:red}".repeat(5_000)));
    assert!(matches!(many.problem, Problem::TooMuchStyle { selectors: 5_000.., elements: 5_000.. }), "{many}");
    assert!(many.to_string().contains("selectors for"));
    let neighbours = refusal(&with(".a ~ .b ~ .c { color: red }"));
    assert!(matches!(neighbours.problem, Problem::TooMuchStyle { .. }), "{neighbours}");
}

#[test]
fn a_subject_must_have_words_for_everybody() {
    let error = refusal(&Source { subject: "{{name}}".to_owned(), ..body("x") });
    assert_eq!(error.problem, Problem::EmptySubject);
    let source = Source { subject: "{{#unless name}}Hello{{/unless}}".to_owned(), ..body("x") };
    let named = Person { name: Some("Ada".to_owned()), ..Person::default() };
    assert_eq!(compile(&source, &look()).unwrap().render(&merge(named)).unwrap().subject, "Hello");
}

#[test]
fn a_value_cannot_blow_the_mail_up() {
    let named = |length| Person { name: Some("x".repeat(length)), ..Person::default() };
    let source = Source { subject: format!("{} {{{{name}}}}", "long ".repeat(60)), ..body("{{name}}") };
    let compiled = compile(&source, &look()).unwrap();
    assert_eq!(compiled.render(&merge(named(10_000))).unwrap().subject.chars().count(), 250);
    assert!(matches!(compiled.render(&merge(named(2_000_000))), Err(RenderError::TooLarge { limit: 1_048_576, .. })));
}

#[test]
fn the_field_that_makes_a_mail_too_large_is_named() {
    let words = "{{company}} {{#if city}}{{attributes.plan}}{{/if}}{{fallback phone \"none\"}}";
    let compiled = compile(&body(words), &look()).unwrap();
    let refused = |person: Person| compiled.render(&merge(person)).unwrap_err().to_string();
    let (long, longer) = ("x".repeat(1_100_000), "<".repeat(1_000_000));
    let attributes = |value: &str| [("plan".to_owned(), value.to_owned())].into();
    let (company, city) = (Some(long.clone()), Some("Exampleton".to_owned()));
    let person = Person { company: company.clone(), attributes: attributes(&longer), ..Person::default() };
    assert!(refused(person.clone()).ends_with("are allowed; most of it is company"));
    let shown = Person { city, ..person };
    assert!(refused(shown).ends_with("; most of it is attributes.plan"), "as it is written, not as it is on file");
}

#[test]
fn words_that_look_like_the_renderers_own_are_words() {
    let words = "xq0000 {{name}} xq1q0001 <img src=\"{{asset \"offer.png\"}}\" alt=\"\" /> xq0002";
    let look = renderer::Look { base_url: "https://xq2q0000.example.com/".parse().unwrap(), ..look() };
    let named = Person { name: Some("xq3q0000".to_owned()), ..Person::default() };
    let mail = compile(&body(words), &look).unwrap().render(&merge(named)).unwrap();
    assert!(mail.text.starts_with("xq0000 xq3q0000 xq1q0001 xq0002\n"), "{}", mail.text);
    assert!(mail.html.contains("src=\"https://xq2q0000.example.com/assets/starters/offer.png\""));
}

#[test]
fn a_brand_without_a_postal_address_sends_nothing() {
    let look = renderer::Look { postal_address: " \n".to_owned(), ..look() };
    assert_eq!(compile(&body("x"), &look).unwrap_err().problem, Problem::NoPostalAddress);
}

#[test]
fn fallbacks_stand_in_for_what_is_unknown_or_blank() {
    let words = "Dear {{fallback first_name \"friend\"}} in {{fallback city 'your town'}} ({{attributes.plan}})";
    assert!(text(words, nobody()).contains("Dear friend in your town ()"));
    let ada = Person {
        first_name: Some("Ada".to_owned()),
        city: Some("  ".to_owned()),
        attributes: [("plan".to_owned(), "gold".to_owned())].into(),
        ..Person::default()
    };
    assert!(text(words, ada).contains("Dear Ada in your town (gold)"));
}

#[test]
fn conditions_choose_words_elements_and_sections() {
    let words = "{{#if company}}For {{company}}{{else if city}}From {{city}}{{else}}For you{{/if}}\
                 {{#unless city}}, anywhere{{/unless}}\
                 </mj-text>{{#if phone}}<mj-text>We call you.</mj-text>{{/if}}<mj-text>";
    assert!(text(words, nobody()).contains("For you, anywhere"), "{}", text(words, nobody()));
    let bath = Person { city: Some("Bath".to_owned()), phone: Some("1".to_owned()), ..Person::default() };
    let mail = text(words, bath);
    assert!(mail.contains("From Bath\n") && mail.contains("We call you."), "{mail}");
    assert!(!text(words, nobody()).contains("call"));
}

#[test]
fn comments_and_escaped_braces_are_no_fields() {
    let mail =
        compiled("a<!-- {{name}} secret -->b \\{{name}} {{! note }}{{!-- {{name}} {{#if city}} (((((((((( --}}c")
            .render(&merge(nobody()))
            .unwrap();
    assert!(mail.text.contains("ab {{name}} c"), "{}", mail.text);
    assert!(!mail.html.contains("secret"));
}

#[test]
fn the_public_view_shows_nothing_personal_and_no_link_of_anybody() {
    let words = "Dear {{fallback first_name \"reader\"}}, {{email}} <a href=\"https://a.example/?c={{city}}\">go</a>";
    let mail = compiled(words).render_public().unwrap();
    assert!(mail.text.contains("Dear reader,") && mail.html.contains("https://a.example/?c=\""));
    for personal in ["/u/", "/p/", "/view/", "Unsubscribe"] {
        assert!(!mail.html.contains(personal) && !mail.text.contains(personal), "{personal}");
    }
    assert!(mail.text.contains("14 Mill Lane"));
}

#[test]
fn what_is_frozen_thaws_to_the_same_mail() {
    for starter in Locale::ALL.into_iter().flat_map(starters) {
        let compiled = compile(&starter.source(), &look()).unwrap();
        let json = serde_json::to_string(&compiled).unwrap();
        let thawed: Compiled = serde_json::from_str(&json).unwrap();
        assert_eq!(thawed, compiled);
        let ada = Person { first_name: Some("Ada".to_owned()), ..Person::default() };
        assert_eq!(thawed.render(&merge(ada.clone())), compiled.render(&merge(ada)));
        assert!(compiled.html_bytes() < 60_000, "Gmail shows 102 kB");
    }
}

#[test]
fn a_mail_without_any_styling_is_readable_in_the_dark() {
    let html = compiled("x").render(&merge(nobody())).unwrap().html;
    for needed in [
        "<html lang=\"en\"",
        "name=\"color-scheme\" content=\"light dark\"",
        "@media (prefers-color-scheme: dark)",
        "class=\"e-paper\"",
        "class=\"e-ink\"",
        "role=\"presentation\"",
        "<title>Hello</title>",
        "mso-hide:all",
    ] {
        assert!(html.contains(needed), "{needed}");
    }
    assert!(!html.contains("googleapis") && !html.contains("mailjet"));
}

#[test]
fn the_authors_own_language_and_width_rules_survive() {
    let style =
        "<mj-style>h1 { color: #123456 } @media (max-width: 480px) { h1 { font-size: 20px !important } }</mj-style>";
    let mjml = body("<h1>x</h1>").mjml.replacen("<mj-head>", &format!("<mj-head>{style}"), 1).replacen(
        "<mjml>",
        "<mjml lang=\"ar\" dir=\"rtl\">",
        1,
    );
    let html = compile(&Source { mjml, ..body("x") }, &look()).unwrap().render(&merge(nobody())).unwrap().html;
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\"") && html.contains("font-size: 20px !important"), "{html}");
    assert!(html.contains("color: #123456"), "{html}");
}
