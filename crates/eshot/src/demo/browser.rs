use anyhow::{Context as _, ensure};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::house::House;

/// What people and programs do over HTTP.
#[derive(Debug)]
pub(super) struct Browser<'a> {
    client: Client,
    base_url: &'a str,
    token: &'a str,
}

impl<'a> Browser<'a> {
    pub(super) fn of(house: &'a House) -> anyhow::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).build()?;
        Ok(Self { client, base_url: &house.base_url, token: house.token.expose_secret() })
    }

    /// The page at a path of ours, or at a link out of a mail.
    pub(super) async fn get(&self, link: &str) -> anyhow::Result<Response> {
        Ok(self.client.get(self.at(link)).send().await?)
    }

    /// Sends a form to a path or a link.
    pub(super) async fn post(&self, link: &str, fields: &[(String, String)]) -> anyhow::Result<Response> {
        Ok(self.client.post(self.at(link)).form(fields).send().await?)
    }

    /// Asks the API, with the token.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let request = self.client.request(method, format!("{}/api/v1{path}", self.base_url)).bearer_auth(self.token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{path} answered no JSON: {text}"))
    }

    fn at(&self, link: &str) -> String {
        if link.starts_with("http") { link.to_owned() } else { format!("{}{link}", self.base_url) }
    }
}

/// The `value` of the element with this attribute, as a browser would send it.
pub(super) fn value(html: &str, attribute: &str) -> anyhow::Result<String> {
    let element = html.split_once(attribute).with_context(|| format!("the page has no {attribute}"))?.1;
    let element = element.split('>').next().unwrap_or_default();
    let value = element.split_once("value=\"").and_then(|(_, rest)| rest.split('"').next());
    Ok(value.with_context(|| format!("{attribute} has no value"))?.replace("&amp;", "&"))
}
