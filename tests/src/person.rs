use std::time::Duration;

use testkit::smtp::SmtpSink;

use crate::{Eshot, Letter};

/// The form that every brand begins with.
pub const FORM: &str = "/forms/e-shot-opt-in";

/// What a browser would send for a person who fills in the form and ticks these topics.
pub async fn fill_in(eshot: &Eshot, email: &str, topics: &[&str]) -> Vec<(String, String)> {
    let page = eshot.get(FORM).await.text().await.expect("the form");
    let mut fields = vec![
        ("name".to_owned(), format!("Person {}", email.split('@').next().unwrap_or_default())),
        ("email".to_owned(), email.to_owned()),
        ("postal_address".to_owned(), "2 Sample Road, Exampleton".to_owned()),
        ("phone".to_owned(), "+44 20 7946 0000".to_owned()),
        ("company".to_owned(), "Sample Works".to_owned()),
        ("stamp".to_owned(), value_of(&page, "name=\"stamp\"")),
        ("consent".to_owned(), value_of(&page, "name=\"consent\"")),
    ];
    for topic in topics {
        let before = page.split(&format!(">{topic}<")).next().expect("the topic's name");
        let input = before.rsplit("<input").next().expect("its box");
        fields.push(("topic".to_owned(), value_of(input, "name=\"topic\"")));
    }
    // A person needs longer than a robot.
    eshot.advance(Duration::from_secs(5));
    fields
}

/// Sends the form and gives the answer.
pub async fn sign_up(eshot: &Eshot, email: &str, topics: &[&str]) -> reqwest::Response {
    let fields = fill_in(eshot, email, topics).await;
    eshot.request(reqwest::Method::POST, FORM).form(&fields).send().await.expect("an answer")
}

/// Signs up and confirms, as a person who means it.
pub async fn subscribe(eshot: &Eshot, sink: &SmtpSink, email: &str, topics: &[&str]) {
    let answer = sign_up(eshot, email, topics).await;
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    let letter = mail_to(sink, email, 1).await;
    let confirmed = eshot.post(&letter.link("/confirm/"), &[]).await;
    assert!(confirmed.status().is_success(), "{}", confirmed.text().await.unwrap_or_default());
}

/// Waits until the sink has so many mails for an address, and gives the last of them.
pub async fn mail_to(sink: &SmtpSink, email: &str, count: usize) -> Letter {
    wait_until(&format!("{count} mails to {email}"), async || mails_to(sink, email).len() >= count).await;
    Letter::read(mails_to(sink, email).get(count - 1).expect("a mail"))
}

/// Every mail that the sink has for an address.
pub fn mails_to(sink: &SmtpSink, email: &str) -> Vec<testkit::smtp::Accepted> {
    sink.messages().into_iter().filter(|mail| mail.recipient().eq_ignore_ascii_case(email)).collect()
}

/// Waits until something holds, which a working program brings about in a moment; after half a minute it has not.
pub async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain for {what}");
}

/// The `value` of the element that has this attribute.
fn value_of(html: &str, attribute: &str) -> String {
    let from = html.find(attribute).unwrap_or_else(|| panic!("no {attribute} in:\n{html}"));
    let element = html[from..].split('>').next().unwrap_or_default();
    let value = element.split("value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("{attribute} has no value")).replace("&amp;", "&")
}
