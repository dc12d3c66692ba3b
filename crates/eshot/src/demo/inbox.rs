use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use domain::EmailAddress;
use handlebars::Handlebars;
use mail_parser::{Message, MessageParser};
use serde::Deserialize;
use serde_json::{Value, json};

use super::mailbox::{Mailbox, Received};

const LIST: &str = include_str!("../../../../templates/demo/inbox.hbs");
const MAIL: &str = include_str!("../../../../templates/demo/mail.hbs");
const STYLE: &str = include_str!("../../../../templates/demo/inbox.css");

/// The demo's own pages take nothing from anywhere else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'";
/// A mail brings its own styles and pictures of ours; it runs nothing and reaches nobody else.
const MAIL_POLICY: &str = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'self'; \
                           sandbox allow-popups allow-popups-to-escape-sandbox";

/// The mailboxes of the demo's relay under `/demo/inbox`: a list, and each mail as HTML, text, source and headers.
pub fn inbox(mailbox: Mailbox) -> Result<Router, handlebars::TemplateError> {
    let mut pages = Handlebars::new();
    pages.set_strict_mode(true);
    pages.register_template_string("list", LIST)?;
    pages.register_template_string("mail", MAIL)?;
    Ok(Router::new()
        .route("/demo/inbox", get(list))
        .route("/demo/inbox/style.css", get(style))
        .route("/demo/inbox/{no}", get(show))
        .route("/demo/inbox/{no}/html", get(html))
        .route("/demo/inbox/{no}/raw", get(raw))
        .with_state(Arc::new(Inbox { mailbox, pages })))
}

struct Inbox {
    mailbox: Mailbox,
    pages: Handlebars<'static>,
}

#[derive(Deserialize)]
struct Wanted {
    to: Option<String>,
}

#[derive(Deserialize)]
struct View {
    #[serde(default)]
    view: Part,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    #[default]
    Html,
    Text,
    Source,
    Headers,
}

async fn list(State(inbox): State<Arc<Inbox>>, Query(wanted): Query<Wanted>) -> Response {
    let to = wanted.to.as_deref().and_then(|to| to.parse::<EmailAddress>().ok());
    let mails: Vec<Value> = inbox.mailbox.list(to.as_ref()).iter().map(|mail| summary(mail)).collect();
    inbox.page("list", &json!({ "mails": mails, "count": mails.len(), "to": wanted.to.unwrap_or_default() }))
}

async fn show(State(inbox): State<Arc<Inbox>>, Path(no): Path<u64>, Query(view): Query<View>) -> Response {
    let Some(mail) = inbox.mailbox.find(no) else { return not_found() };
    let source = String::from_utf8_lossy(&mail.raw);
    let message = MessageParser::default().parse(&mail.raw);
    let shown = match view.view {
        Part::Html => String::new(),
        Part::Text => message.as_ref().and_then(|m| m.body_text(0)).unwrap_or_default().into_owned(),
        Part::Source => source.into_owned(),
        Part::Headers => source.split("\r\n\r\n").next().unwrap_or_default().to_owned(),
    };
    let mut data = summary(&mail);
    data["html"] = json!(view.view == Part::Html);
    data["text"] = json!(view.view == Part::Text);
    data["source"] = json!(view.view == Part::Source);
    data["headers"] = json!(view.view == Part::Headers);
    data["shown"] = json!(shown);
    inbox.page("mail", &data)
}

async fn html(State(inbox): State<Arc<Inbox>>, Path(no): Path<u64>) -> Response {
    let Some(mail) = inbox.mailbox.find(no) else { return not_found() };
    let message = MessageParser::default().parse(&mail.raw);
    let html = message.as_ref().and_then(|m| m.body_html(0)).unwrap_or_default();
    // Links open beside the inbox, not inside its frame.
    let html = html.replacen("<head>", "<head><base target=\"_blank\">", 1);
    ([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY), NOSNIFF], Html(html)).into_response()
}

async fn raw(State(inbox): State<Arc<Inbox>>, Path(no): Path<u64>) -> Response {
    let Some(mail) = inbox.mailbox.find(no) else { return not_found() };
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), NOSNIFF], mail.raw.clone()).into_response()
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), NOSNIFF], STYLE).into_response()
}

const NOSNIFF: (HeaderName, &str) = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");

impl Inbox {
    fn page(&self, name: &str, data: &Value) -> Response {
        match self.pages.render(name, data) {
            Ok(html) => ([(header::CONTENT_SECURITY_POLICY, PAGE_POLICY), NOSNIFF], Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "the demo's page {name} does not render");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "The demo's inbox holds no such mail.").into_response()
}

fn summary(mail: &Received) -> Value {
    let message = MessageParser::default().parse(&mail.raw);
    let subject = message.as_ref().and_then(Message::subject).unwrap_or("(no subject)");
    let from = message
        .as_ref()
        .and_then(|m| m.from()?.first())
        .map(|from| from.name().or(from.address()).unwrap_or_default().to_owned());
    json!({
        "no": mail.no,
        "at": mail.at.format("%H:%M:%S").to_string(),
        "to": mail.to.as_str(),
        "from": from.unwrap_or_default(),
        "return_path": mail.from.as_ref().map_or("<>", EmailAddress::as_str),
        "subject": subject,
        "size": format!("{:.1}", mail.raw.len() as f64 / 1000.0),
    })
}
