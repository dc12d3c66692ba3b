use domain::{Locale, MailKind};
use renderer::mime::{Headers, message};
use renderer::system::{Access, Alert, Confirmation, Welcome, access, alert, confirmation, reminder, welcome};
use renderer::{Look, Rendered};

use crate::sample::{headers, look};

fn question(name: Option<&str>, days: u32) -> Confirmation {
    Confirmation {
        name: name.map(str::to_owned),
        topics: vec!["Offers".to_owned(), "Product news".to_owned()],
        confirm: "https://news.example.com/confirm/mzxw6ytb".parse().unwrap(),
        days,
    }
}

fn all(locale: Locale) -> [(&'static str, Rendered); 8] {
    let name = Some("Ada Lovelace".to_owned());
    let greeting = Welcome {
        name: name.clone(),
        topics: vec!["Offers".to_owned()],
        preferences: "https://news.example.com/p/1".parse().unwrap(),
        unsubscribe: "https://news.example.com/u/1".parse().unwrap(),
    };
    let bounces = |stopped| Alert {
        cause: "hard_bounces",
        stopped,
        over: false,
        campaign: Some("Spring {{name}}".to_owned()),
        provider: None,
        share: Some((12, 200)),
        words: String::new(),
    };
    let refused = Alert {
        cause: "refusals",
        campaign: None,
        provider: Some("gmail".to_owned()),
        share: None,
        words: "unsolicited <mail>".to_owned(),
        ..bounces(true)
    };
    let link = Access { name, link: "https://news.example.com/access/1".parse().unwrap(), minutes: 30 };
    [
        ("confirmation", confirmation(locale, &look(), &question(Some("Ada Lovelace"), 7)).unwrap()),
        ("reminder", reminder(locale, &look(), &question(Some("Ada Lovelace"), 1)).unwrap()),
        ("welcome", welcome(locale, &look(), &greeting).unwrap()),
        ("access", access(locale, &look(), &link).unwrap()),
        ("warning", alert(locale, &look(), &bounces(false)).unwrap()),
        ("over", alert(locale, &look(), &Alert { over: true, ..bounces(false) }).unwrap()),
        ("pause", alert(locale, &look(), &bounces(true)).unwrap()),
        ("provider", alert(locale, &look(), &refused).unwrap()),
    ]
}

#[test]
fn every_system_mail_says_what_it_is_about_in_every_language() {
    let mut said = String::new();
    for locale in Locale::ALL {
        for (name, mail) in all(locale) {
            assert!(mail.html.contains(&format!("<html lang=\"{locale}\"")), "{name}");
            // A key that is missing in the catalogue would be shown as it is.
            assert!(!mail.html.contains("mail.") && !mail.text.contains("mail."), "{name} {locale}");
            said.push_str(&format!("======== {name}, {locale}: {}\n{}\n", mail.subject, mail.text));
        }
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_confirmation_is_a_whole_message_byte_for_byte() {
    let mail = confirmation(Locale::De, &look(), &question(Some("Zoë"), 7)).unwrap();
    let headers = Headers { kind: MailKind::Confirmation, list: None, ..headers("Zoë") };
    let bytes = message(&mail, &headers).unwrap();
    insta::assert_snapshot!(std::str::from_utf8(&bytes).unwrap().replace("\r\n", "\u{21b5}\n"));
}

#[test]
fn a_strangers_message_is_not_carried_to_the_address() {
    for name in
        ["Win a prize at evil.example", "https://evil.example", "<a href=x>", "{{links.action}}", &"x".repeat(500)]
    {
        let mail = confirmation(Locale::En, &look(), &question(Some(name), 7)).unwrap();
        assert!(mail.text.contains("\nHello,\n") && !mail.text.contains(name) && !mail.html.contains(name), "{name}");
    }
}

#[test]
fn names_of_brands_and_topics_are_words_only() {
    let look = Look { brand: "A<b> & {{name}} \"Co\"".to_owned(), ..look() };
    let topics = vec!["<i>Offers</i> {brand}".to_owned()];
    let mail = confirmation(Locale::En, &look, &Confirmation { topics, ..question(None, 7) }).unwrap();
    assert_eq!(mail.subject, "Please confirm: <i>Offers</i> {brand} from A<b> & {{name}} \"Co\"");
    // In the label of the document, a quoted attribute, they stand as they are.
    let (head, body) = mail.html.split_once("role=\"article\"").unwrap();
    let (head, _) = head.split_once("aria-label=").unwrap();
    assert!([head, body].iter().all(|html| !html.contains("<i>") && !html.contains("A<b>")));
    assert!(mail.html.contains("&lt;i&gt;Offers&lt;/i&gt; {brand} from A&lt;b&gt; &amp; {{name}}"));
    assert!(mail.text.contains("<i>Offers</i> {brand} from A<b> & {{name}} \"Co\"."));
}
