//! Links that are counted, and those that never are.

use renderer::{Compiled, Merge, Rendered, compile};

use crate::sample::{body, look, merge, nobody};

const WORDS: &str = "<p><a href=\"https://shop.example/a?x=1&amp;y=2\">Shop</a> <a href=\"https://shop.example/b\">Other</a> \
    <a href=\"mailto:a@example.com\">Write</a> <a href=\"tel:+44\">Call</a> <a href=\"https://shop.example/{{city}}\">City</a> \
    <a href=\"{{links.unsubscribe}}\">Leave</a> <a href=\"{{links.preferences}}\">Choose</a> <a href=\"{{links.view}}\">See</a> \
    <a href=\"https://shop.example/b\">https://shop.example/b</a></p>";

fn template() -> Compiled {
    compile(&body(WORDS), &look()).expect("it compiles")
}

fn counted() -> Merge {
    let mut merge = merge(nobody());
    merge.links.click = Some("https://news.example.com/c/t0ken".parse().expect("a URL"));
    merge.links.open = Some("https://news.example.com/o/t0ken".parse().expect("a URL"));
    merge
}

fn hrefs(mail: &Rendered) -> Vec<&str> {
    mail.html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn who_agreed_gets_numbered_links_and_a_picture() {
    let mail = template().render(&counted()).unwrap();
    let links = [
        "https://news.example.com/c/t0ken/0",
        "https://news.example.com/c/t0ken/1",
        "mailto:a@example.com",
        "tel:+44",
        "https://shop.example/",
        "https://news.example.com/u/1",
        "https://news.example.com/p/1",
        "https://news.example.com/view/1",
        "https://shop.example/b",
    ];
    assert_eq!(hrefs(&mail)[..links.len()], links);
    assert_eq!(mail.html.matches("<img src=\"https://news.example.com/o/t0ken\"").count(), 1, "{}", mail.html);
    assert!(mail.text.contains("Shop (https://news.example.com/c/t0ken/0)"), "{}", mail.text);
    assert!(mail.text.contains("Leave (https://news.example.com/u/1)"), "{}", mail.text);
    assert_eq!(template().links(), ["https://shop.example/a?x=1&y=2", "https://shop.example/b"]);
}

#[test]
fn who_did_not_gets_plain_links_and_no_picture() {
    for mail in [template().render(&merge(nobody())).unwrap(), template().render_public().unwrap()] {
        assert!(!mail.html.contains("/c/") && !mail.text.contains("/c/"), "{}", mail.html);
        assert!(!mail.html.contains("/o/") && !mail.html.contains("width=\"1\""), "{}", mail.html);
        assert!(mail.html.contains("href=\"https://shop.example/a?x=1&amp;y=2\""), "{}", mail.html);
        assert!(mail.text.contains("Shop (https://shop.example/a?x=1&y=2)"), "{}", mail.text);
    }
}

#[test]
fn the_footer_is_never_counted() {
    let mail = template().render(&counted()).unwrap();
    let (_, footer) = mail.html.split_once("role=\"contentinfo\"").unwrap();
    assert!(footer.contains("https://news.example.com/u/1") && !footer.contains("/c/t0ken"), "{footer}");
}

#[test]
fn what_was_frozen_before_links_were_counted_has_none() {
    let frozen = serde_json::to_value(template()).unwrap();
    let mut old = frozen.clone();
    old.as_object_mut().unwrap().remove("links");
    let old: Compiled = serde_json::from_value(old).unwrap();
    assert!(old.links().is_empty());
    let again: Compiled = serde_json::from_value(frozen).unwrap();
    assert_eq!(again, template());
}

#[test]
fn a_button_and_a_picture_are_links_too() {
    let mut source = body("x");
    source.mjml = source.mjml.replace(
        "<mj-text>x</mj-text>",
        "<mj-button href=\"https://shop.example/buy\">Buy</mj-button>\
         <mj-image src=\"https://news.example.com/x.png\" alt=\"Map\" href=\"https://shop.example/map\" />",
    );
    let template = compile(&source, &look()).unwrap();
    let mail = template.render(&counted()).unwrap();
    assert_eq!(template.links(), ["https://shop.example/buy", "https://shop.example/map"]);
    assert_eq!(hrefs(&mail)[..2], ["https://news.example.com/c/t0ken/0", "https://news.example.com/c/t0ken/1"]);
}
