//! A mail loads nothing but the brand's own pictures.

use crate::sample::{body, look, merge, nobody};
use renderer::{Problem, Source, compile};

const ATTRIBUTES: [&str; 5] = [
    "</mj-text><mj-image alt=\"\" src=\"ADDRESS\" /><mj-text>",
    "<img alt=\"\" src=\"ADDRESS\" />",
    "</mj-text><mj-social><mj-social-element href=\"https://a.example\" src=\"ADDRESS\">x</mj-social-element>\
     </mj-social><mj-text>",
    "</mj-text></mj-column></mj-section><mj-section background-url=\"ADDRESS\"><mj-column><mj-text>",
    "</mj-text></mj-column></mj-section><mj-hero background-url=\"ADDRESS\"></mj-hero><mj-section><mj-column><mj-text>",
];

#[test]
fn a_picture_comes_from_the_brands_own_address_and_nowhere_else() {
    for attribute in ATTRIBUTES {
        for address in [
            "https://news.example.com/a.png",
            "https://news.example.com:443/x/a.png?a=1&amp;b={{city}}",
            "{{asset \"offer.png\"}}",
        ] {
            compile(&body(&attribute.replace("ADDRESS", address)), &look()).expect(address);
        }
        for address in [
            "https://elsewhere.example/a.png",
            "http://news.example.com/a.png",
            "https://news.example.com:8443/a.png",
            "https://news.example.com.elsewhere.example/a.png",
            "https://news.example.com@elsewhere.example/a.png",
            "https://news.example.com&#64;elsewhere.example/a.png",
            "https://news.example.com&commat;elsewhere.example/a.png",
            "https://cdn.news.example.com/a.png",
            "https:\\\\elsewhere.example/a.png",
            "https://news.example.com/a.png');background:url('https://elsewhere.example/b.png",
            "https://news.example.com/a.png&apos;);background:url(&apos;https://elsewhere.example/b.png",
            "https://elsewhere.example/?host=news.example.com&amp;who={{email}}",
            "//news.example.com/a.png",
            "data:image/png;base64,AAAA",
            "cid:a",
            "mailto:a@news.example.com",
            "",
        ] {
            let error = compile(&body(&attribute.replace("ADDRESS", address)), &look()).unwrap_err();
            let shown = address.split("{{").next().unwrap_or_default();
            let is_named = matches!(&error.problem, Problem::Picture { address, .. } if address == shown);
            assert!(is_named, "{address} in {attribute}: {error}");
            assert!(
                error.to_string().ends_with("a picture's address begins with https://news.example.com/"),
                "{error}"
            );
        }
    }
}

#[test]
fn a_demo_may_fetch_from_itself() {
    let look = renderer::Look { base_url: "http://127.0.0.1:8025/".parse().unwrap(), ..look() };
    let from = |address: &str| compile(&body(&format!("<img alt=\"\" src=\"{address}\" />")), &look).map(drop);
    assert_eq!(from("http://127.0.0.1:8025/a.png"), Ok(()));
    for address in ["https://127.0.0.1:8025/a.png", "http://127.0.0.1/a.png", "http://localhost:8025/a.png"] {
        assert!(from(address).is_err(), "{address}");
    }
}

#[test]
fn defaults_and_styles_fetch_nothing_either() {
    let with_head =
        |head: &str| Source { mjml: body("x").mjml.replacen("<mj-head>", &format!("<mj-head>{head}"), 1), ..body("x") };
    for head in [
        "<mj-attributes><mj-section background-url=\"https://elsewhere.example/a.png\" /></mj-attributes>",
        "<mj-attributes><mj-all background-url=\"https://elsewhere.example/a.png\" /></mj-attributes>",
        "<mj-attributes><mj-class name=\"x\" background-url=\"https://elsewhere.example/a.png\" /></mj-attributes>",
        "<mj-attributes><mj-all background-color=\"url(https://elsewhere.example/a.png)\" /></mj-attributes>",
        "<mj-style>.x { background: URL(https://news.example.com/a.png) }</mj-style>",
        "<mj-style inline=\"inline\">.x { background: url(https://elsewhere.example/a.png) }</mj-style>",
    ] {
        assert!(compile(&with_head(head), &look()).is_err(), "{head}");
    }
    for words in [
        "<p style=\"background: url(https://elsewhere.example/a.png)\">x</p>",
        "<p style=\"background: u&#114;l(https://elsewhere.example/a.png)\">x</p>",
        "<p style=\"background: \\75rl(https://elsewhere.example/a.png)\">x</p>",
        "<p style=\"background: image-set('https://elsewhere.example/a.png' 1x)\">x</p>",
        "<table background=\"https://elsewhere.example/a.png\"></table>",
        "<img alt=\"\" src=\"https://news.example.com/a.png\" srcset=\"https://elsewhere.example/a.png 2x\" />",
        "</mj-text><mj-text color=\"red;background:url(https://elsewhere.example/a.png)\">",
    ] {
        assert!(compile(&body(words), &look()).is_err(), "{words}");
    }
}

#[test]
fn a_link_leads_anywhere() {
    let words = "<a href=\"https://elsewhere.example/?a=1&amp;b=2\">x</a></mj-text><mj-image alt=\"\" \
                 href=\"http://elsewhere.example/\" src=\"https://news.example.com/a.png\" /><mj-text>";
    let html = compile(&body(words), &look()).unwrap().render(&merge(nobody())).unwrap().html;
    assert_eq!(html.matches("elsewhere.example").count(), 2);
}
