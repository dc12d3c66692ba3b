use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Eshot, wait_until};

/// What marketing staff do, through the API.
#[derive(Debug)]
pub struct Staff<'a> {
    eshot: &'a Eshot,
    brand: String,
}

impl<'a> Staff<'a> {
    /// Staff of the brand that the harness made.
    pub async fn of(eshot: &'a Eshot) -> Self {
        let brands = ask(eshot, Method::GET, "/brands", None).await;
        Self { eshot, brand: text(&brands["items"][0]["id"]) }
    }

    /// The id of a topic.
    pub async fn topic(&self, slug: &str) -> String {
        let topics = self.get(&format!("/topics?brand={}", self.brand)).await;
        let topics = topics["items"].as_array().expect("topics");
        text(&topics.iter().find(|topic| topic["slug"] == slug).expect("the topic")["id"])
    }

    /// Brings people on file who agreed elsewhere.
    pub async fn enrol(&self, emails: impl IntoIterator<Item = String>, slug: &str) {
        let topic = self.topic(slug).await;
        for email in emails {
            let profile = json!({ "name": "Sam Sample", "company": "Sample Works", "phone": "+44 20 7946 0000",
                                  "postal_address": "2 Sample Road, Exampleton" });
            self.enrol_as(&email, &topic, &profile).await;
        }
    }

    /// Brings somebody on file, with what they told and by the topic's id.
    pub async fn enrol_as(&self, email: &str, topic: &str, profile: &Value) {
        let new = json!({ "email": email, "topics": [topic], "basis": "consent", "stated": "signed at the fair",
                          "profile": profile });
        let person = self.post("/subscribers", new).await;
        assert_eq!(person["email"], email);
    }

    /// Writes a campaign to a topic and schedules it for now; gives its id.
    pub async fn send(&self, slug: &str, subject: &str) -> String {
        let id = self.draft(slug, subject).await;
        self.schedule(&id).await;
        id
    }

    /// Schedules a campaign for now.
    pub async fn schedule(&self, campaign: &str) {
        self.post(&format!("/campaigns/{campaign}/schedule"), json!({ "send_at": "2026-01-01T00:00:00Z" })).await;
    }

    /// Writes a campaign down.
    pub async fn draft(&self, slug: &str, subject: &str) -> String {
        let mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{fallback first_name \"there\"}}, \
                    here is the news.</mj-text></mj-column></mj-section></mj-body></mjml>";
        self.draft_of(slug, subject, mjml).await
    }

    /// Writes a campaign down in words of the test's own.
    pub async fn draft_of(&self, slug: &str, subject: &str, mjml: &str) -> String {
        let campaign = json!({ "brand": self.brand, "topic": self.topic(slug).await, "name": subject,
                               "subject": subject, "preheader": "What is new", "mjml": mjml });
        text(&self.post("/campaigns", campaign).await["id"])
    }

    /// The campaign's numbers.
    pub async fn report(&self, campaign: &str) -> Value {
        self.get(&format!("/campaigns/{campaign}/report")).await
    }

    /// Waits until a campaign is through, and gives its numbers.
    ///
    /// # Panics
    ///
    /// If it is paused meanwhile: no test waits for one that a person would have to resume.
    pub async fn finished(&self, campaign: &str) -> Value {
        let is_through = async || {
            let report = self.report(campaign).await;
            assert_ne!(report["status"], "paused", "{report}");
            report["status"] == "sent"
        };
        wait_until("the campaign to be sent", is_through).await;
        self.report(campaign).await
    }

    /// One of the campaign's acts: `pause`, `resume`, `cancel`.
    pub async fn act(&self, campaign: &str, act: &str) -> Value {
        self.post(&format!("/campaigns/{campaign}/{act}"), json!({})).await
    }

    /// A person on file, or null.
    pub async fn person(&self, email: &str) -> Value {
        self.get(&format!("/subscribers?email={}", email.replace('+', "%2B"))).await["items"][0].clone()
    }

    /// How a person stands to each topic that they ever asked for, as `slug state`.
    pub async fn standing(&self, email: &str) -> Vec<String> {
        let id = text(&self.person(email).await["id"]);
        let found = self.get(&format!("/subscribers/{id}/subscriptions?brand={}", self.brand)).await;
        let subscriptions = found["subscriptions"].as_array().expect("subscriptions");
        subscriptions.iter().map(|one| format!("{} {}", text(&one["slug"]), text(&one["state"]))).collect()
    }

    /// Why an address is suppressed now.
    pub async fn suppressions(&self, email: &str) -> Vec<String> {
        let found = self.get(&format!("/suppressions?email={email}")).await;
        found["items"].as_array().expect("suppressions").iter().map(|one| text(&one["reason"])).collect()
    }

    /// A page of the API.
    pub async fn get(&self, path: &str) -> Value {
        ask(self.eshot, Method::GET, path, None).await
    }

    /// Posts to the API; anything but success fails the test.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        ask(self.eshot, Method::POST, path, Some(body)).await
    }
}

async fn ask(eshot: &Eshot, method: Method, path: &str, body: Option<Value>) -> Value {
    let mut request = eshot.api(method.clone(), path);
    if let Some(body) = &body {
        request = request.json(body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let said = answer.text().await.expect("a body");
    assert!(status.is_success(), "{method} {path} gave {status}: {said}");
    if status == StatusCode::NO_CONTENT { Value::Null } else { said.parse().expect("JSON") }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text in {value}")).to_owned()
}
