//! The whole walk, over real sockets: from the form to the second campaign that leaves people out.

use std::time::Duration;

use anyhow::Context as _;
use domain::{EmailAddress, Locale};
use mail_parser::MessageParser;
use reqwest::Method;
use serde_json::{Value, json};

use super::browser::{Browser, value};
use super::house::House;
use super::mailbox::Received;
use super::people;
use super::table::Table;

const FORM: &str = "/forms/e-shot-opt-in";

/// Somebody who is not on the list.
const NEWCOMER: &str = "newcomer@example.com";
/// Somebody on the list, who will leave by one click.
const LEAVER: &str = "alan.turing@example.net";

/// A time that is past: at once.
const LONG_AGO: &str = "2000-01-01T00:00:00Z";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The form takes nothing that was filled in faster than a person can.
const TYPING: Duration = Duration::from_millis(2_500);

/// Does every step; the table says how it went. An error is a step that could not even be tried.
pub(super) async fn walk(house: &House) -> anyhow::Result<Table> {
    let mut walk = Walk { house, browser: Browser::of(house)?, table: Table::default() };
    walk.sign_up().await?;
    let first = walk.first_campaign().await?;
    walk.bounces(&first).await?;
    walk.one_click().await?;
    walk.second_campaign().await?;
    walk.ledger().await?;
    Ok(walk.table)
}

struct Walk<'a> {
    house: &'a House,
    browser: Browser<'a>,
    table: Table,
}

impl Walk<'_> {
    async fn sign_up(&mut self) -> anyhow::Result<()> {
        let page = self.browser.get(FORM).await?.text().await?;
        let fields = [
            ("name", "Nova Comer".to_owned()),
            ("email", NEWCOMER.to_owned()),
            ("stamp", value(&page, "name=\"stamp\"")?),
            ("consent", value(&page, "name=\"consent\"")?),
            ("topic", self.house.topic("offers")?.to_string()),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value));
        tokio::time::sleep(TYPING).await;
        let answer = self.browser.post(FORM, &fields).await?;
        self.table.note("the form is taken", 200, answer.status().as_u16());

        let asked = self.mails_until(NEWCOMER, 1).await?;
        self.table.note("a mail asks whether it was meant", 1, asked.len());
        let link = link(asked.first().context("no mail")?, "/confirm/")?;
        self.browser.get(&link).await?;
        self.table.note("looking at its link confirms nothing", "pending", self.standing(NEWCOMER).await?);
        let confirmed = self.browser.post(&link, &[]).await?;
        self.table.note("the button confirms", 200, confirmed.status().as_u16());
        self.table.note("the person is subscribed", "confirmed", self.standing(NEWCOMER).await?);
        let welcomed = self.mails_until(NEWCOMER, 2).await?;
        self.table.note("a welcome mail comes", 2, welcomed.len());
        Ok(())
    }

    /// Everybody on the list and the newcomer.
    async fn first_campaign(&mut self) -> anyhow::Result<String> {
        let everybody = people::COUNT + 1;
        let campaign = self.house.drafts.first().context("there is no starter")?.id.to_string();
        let before = self.house.mailbox.list(None).len();
        let report = self.send(&campaign).await?;
        self.table.note("the first campaign is for everybody", everybody, &report["audience"]);
        self.table.note("all of it is sent", everybody, &report["submission"]["sent"]);
        self.table.note("each mailbox got one", everybody, self.house.mailbox.list(None).len() - before);
        Ok(campaign)
    }

    async fn bounces(&mut self, campaign: &str) -> anyhow::Result<()> {
        let path = format!("/campaigns/{campaign}/report");
        let mut bounced = Value::Null;
        for _ in 0..PATIENCE.as_millis() / 50 {
            bounced = self.browser.ask(Method::GET, &path, None).await?["facts"]["bounced"].clone();
            if bounced == people::GONE {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.table.note("mail for mailboxes that are gone comes back", people::GONE, bounced);
        let suppressed = self.browser.ask(Method::GET, "/suppressions", None).await?;
        let count = suppressed["items"].as_array().map_or(0, Vec::len);
        self.table.note("these addresses are suppressed", people::GONE, count);
        Ok(())
    }

    async fn one_click(&mut self) -> anyhow::Result<()> {
        let mails = self.mails_until(LEAVER, 1).await?;
        let mail = mails.first().context("no mail")?;
        let header = header(mail, "List-Unsubscribe")?;
        let link = header.split_once("<http").and_then(|(_, rest)| rest.split('>').next()).context("no link")?;
        let link = format!("http{link}");
        let asked = header_is(mail, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?;
        self.table.note("the mail offers one click", true, asked);
        self.browser.get(&link).await?;
        self.table.note("opening the link changes nothing", "confirmed", self.standing(LEAVER).await?);
        let form = [("List-Unsubscribe".to_owned(), "One-Click".to_owned())];
        let answer = self.browser.post(&link, &form).await?;
        self.table.note("one click is answered", 200, answer.status().as_u16());
        self.table.note("the person has left", "unsubscribed", self.standing(LEAVER).await?);
        Ok(())
    }

    /// The same topic again, without those who are gone and the one who left.
    async fn second_campaign(&mut self) -> anyhow::Result<()> {
        let source = renderer::starters(Locale::En).first().context("there is no starter")?.source();
        let draft = json!({
            "brand": self.house.brand, "topic": self.house.topic("offers")?, "name": "The second",
            "subject": "One more thing", "preheader": source.preheader, "mjml": source.mjml,
        });
        let campaign = self.browser.ask(Method::POST, "/campaigns", Some(&draft)).await?;
        let report = self.send(campaign["id"].as_str().context("a campaign has an id")?).await?;
        let left = people::COUNT + 1 - people::GONE - 1;
        self.table.note("a second campaign leaves them out", left, &report["audience"]);
        self.table.note("all of that is sent", left, &report["submission"]["sent"]);
        let out = people::gone().chain(LEAVER.parse());
        let again: usize = out.map(|address| self.mails(&address).iter().filter(|mail| is_second(mail)).count()).sum();
        self.table.note("none of them got it", 0, again);
        Ok(())
    }

    async fn ledger(&mut self) -> anyhow::Result<()> {
        let mut verified = None;
        for _ in 0..PATIENCE.as_millis() / 100 {
            let found = subscribers::consent::verify(self.house.db().reader(), self.house.keys(), None).await?;
            let waiting = found.unsealed;
            verified = Some(found);
            if waiting == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let verified = verified.context("the ledger was not read")?;
        self.table.note("every consent event is sealed", 0, verified.unsealed);
        self.table.note("the ledger of consent is whole", 0, verified.problems.len());
        Ok(())
    }

    /// Schedules a campaign for now and waits until it is sent; gives its numbers.
    async fn send(&self, campaign: &str) -> anyhow::Result<Value> {
        let now = json!({ "send_at": LONG_AGO });
        self.browser.ask(Method::POST, &format!("/campaigns/{campaign}/schedule"), Some(&now)).await?;
        let mut report = Value::Null;
        for _ in 0..PATIENCE.as_millis() / 50 {
            report = self.browser.ask(Method::GET, &format!("/campaigns/{campaign}/report"), None).await?;
            if report["status"] == "sent" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(report)
    }

    /// How a person stands to the topic of the walk.
    async fn standing(&self, email: &str) -> anyhow::Result<String> {
        let person = self.browser.ask(Method::GET, &format!("/subscribers?email={email}"), None).await?;
        let id = person["items"][0]["id"].as_str().with_context(|| format!("{email} is not on file"))?;
        let path = format!("/subscribers/{id}/subscriptions?brand={}", self.house.brand);
        let found = self.browser.ask(Method::GET, &path, None).await?;
        let subscriptions = found["subscriptions"].as_array().context("no subscriptions")?;
        let offers = subscriptions.iter().find(|subscription| subscription["slug"] == "offers");
        Ok(offers.and_then(|offers| offers["state"].as_str()).unwrap_or("not subscribed").to_owned())
    }

    fn mails(&self, to: &EmailAddress) -> Vec<std::sync::Arc<Received>> {
        let mut mails = self.house.mailbox.list(Some(to));
        mails.reverse();
        mails
    }

    /// The mails of an address, oldest first, as soon as there are so many.
    async fn mails_until(&self, to: &str, count: usize) -> anyhow::Result<Vec<std::sync::Arc<Received>>> {
        let to: EmailAddress = to.parse()?;
        let mut arrivals = self.house.mailbox.arrivals();
        let enough = async { while self.mails(&to).len() < count && arrivals.changed().await.is_ok() {} };
        // Too few of them show in the table.
        tokio::time::timeout(PATIENCE, enough).await.ok();
        Ok(self.mails(&to))
    }
}

fn is_second(mail: &Received) -> bool {
    MessageParser::default().parse(&mail.raw).is_some_and(|message| message.subject() == Some("One more thing"))
}

/// A header's value, unfolded.
fn header(mail: &Received, name: &str) -> anyhow::Result<String> {
    let message = MessageParser::default().parse(&mail.raw).context("the mail does not read")?;
    let value = message.header_raw(name).with_context(|| format!("the mail has no {name}"))?;
    Ok(value.replace(['\r', '\n'], "").trim().to_owned())
}

fn header_is(mail: &Received, name: &str, wanted: &str) -> anyhow::Result<bool> {
    Ok(header(mail, name)? == wanted)
}

/// The first link in the text part that leads to a path.
fn link(mail: &Received, path: &str) -> anyhow::Result<String> {
    let message = MessageParser::default().parse(&mail.raw).context("the mail does not read")?;
    let text = message.body_text(0).context("the mail has no text part")?;
    let mut words = text.split_whitespace();
    let link = words.find(|word| word.starts_with("http") && word.contains(path));
    Ok(link.with_context(|| format!("the mail has no link to {path}"))?.to_owned())
}
