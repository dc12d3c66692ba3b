//! A brand, a body and a recipient for the tests of this folder.

use chrono::DateTime;
use domain::{EmailAddress, Locale, MailKind};
use renderer::mime::{Headers, ListHeaders, Mailbox};
use renderer::{Look, Merge, MergeLinks, Person, Source};

/// The brand of the tests.
pub(crate) fn look() -> Look {
    Look {
        brand: "Larch & Linden".to_owned(),
        accent: "#24615a".parse().expect("a colour"),
        postal_address: "14 Mill Lane\nBath BA2 4XY".to_owned(),
        base_url: "https://news.example.com/".parse().expect("a URL"),
        website: None,
        locale: Locale::En,
    }
}

/// A body of one paragraph.
pub(crate) fn body(words: &str) -> Source {
    Source {
        subject: "Hello".to_owned(),
        preheader: "Good morning".to_owned(),
        mjml: format!(
            "<mjml>\n<mj-head></mj-head>\n<mj-body>\n<mj-section><mj-column>\n<mj-text>{words}</mj-text>\n\
             </mj-column></mj-section>\n</mj-body>\n</mjml>\n"
        ),
    }
}

/// A recipient.
pub(crate) fn merge(person: Person) -> Merge {
    Merge {
        person,
        links: MergeLinks {
            unsubscribe: "https://news.example.com/u/1".parse().expect("a URL"),
            preferences: "https://news.example.com/p/1".parse().expect("a URL"),
            view: Some("https://news.example.com/view/1".parse().expect("a URL")),
            click: None,
            open: None,
        },
        why: "You get this mail because you signed up for Offers.".to_owned(),
    }
}

/// Somebody of whom nothing is known.
pub(crate) fn nobody() -> Person {
    Person::default()
}

/// The headers of a campaign's mail to somebody who gave this name.
pub(crate) fn headers(name: &str) -> Headers {
    Headers {
        kind: MailKind::Campaign,
        from: Mailbox { name: Some("Larch & Linden".to_owned()), address: address("news@example.com") },
        reply_to: Some(Mailbox { name: None, address: address("hello@example.com") }),
        to: Mailbox { name: Some(name.to_owned()), address: address("ada@example.org") },
        message_id: "m1ak3.4x7q@news.example.com".to_owned(),
        date: DateTime::from_timestamp(1_795_000_000, 0).expect("a date"),
        list: Some(ListHeaders {
            unsubscribe: "https://news.example.com/u/mzxw6ytboi4dsmrqgezdgnbvgy3tqojqmzxw6ytboi4dsmrq"
                .parse()
                .expect("a URL"),
            unsubscribe_mailto: address("unsub-mzxw6ytboi4dsmrqgezdgnbvgy3tqojq@bounce.example.com"),
            name: "Larch & Linden: Offers".to_owned(),
            id: "offers.news.example.com".to_owned(),
            feedback_id: Some("c17:larch:offers:eshotdemo".to_owned()),
            cfbl: None,
        }),
    }
}

/// An address.
pub(crate) fn address(text: &str) -> EmailAddress {
    text.parse().expect("an address")
}
