//! From checked MJML to the HTML that stands in a document's body.

use std::collections::HashMap;

use css_inline::{CSSInliner, InlineOptions};
use mrml::prelude::parser::{Error, ParserOptions, Span};
use mrml::prelude::render::RenderOptions;

use crate::effort;
use crate::error::Problem;
use crate::page::Frame;

/// What is wrong, and on which line of the MJML where that is known.
pub(crate) type Fault = (Option<usize>, Problem);

/// A body that has been rendered, its styles worked into its elements.
#[derive(Debug)]
pub(crate) struct Body {
    /// The document's beginning, up to the head: doctype and `<html …>`.
    pub(crate) opening: String,
    /// The style of `<body>` as `<mj-body>` asks for it: its ground.
    pub(crate) ground: String,
    /// The rules that stay a style sheet, because what they say depends on the reader.
    pub(crate) at_rules: String,
    /// mrml's one `<div>` around all sections.
    pub(crate) content: String,
}

/// Renders a body, without anything from elsewhere.
///
/// Its style sheets meet nothing but its own elements: what they say of `<html>`, `<head>` and `<body>` is left behind,
/// since those are everybody's.
pub(crate) fn body(mjml: &str, frame: &Frame<'_>) -> Result<Body, Fault> {
    let html = render(&frame.around(mjml)?)?;
    let (opening, rest) = html.split_once("<head>").ok_or_else(unexpected)?;
    let (head, rest) = rest.split_once("</head>").ok_or_else(unexpected)?;
    let (tag, content) = rest.split_once("<body").and_then(|(_, rest)| split_tag(rest)).ok_or_else(unexpected)?;
    let (content, _) = content.rsplit_once("</body>").ok_or_else(unexpected)?;
    let ground = tag.split_once("style=\"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(style, _)| style);

    let sheets = style_sheets(head);
    effort::check(&sheets, content).map_err(|problem| (None, problem))?;
    let styled = inline(&format!("{opening}<head><style>{sheets}</style></head><body>{content}</body></html>"))?;
    let (head, rest) = styled.split_once("</head>").ok_or_else(unexpected)?;
    let at_rules = head.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let (_, content) = rest.split_once("<body").and_then(|(_, rest)| split_tag(rest)).ok_or_else(unexpected)?;
    let (content, _) = content.rsplit_once("</body>").ok_or_else(unexpected)?;
    Ok(Body {
        opening: opening.to_owned(),
        ground: ground.to_owned(),
        at_rules: at_rules.map_or("", |(rules, _)| rules).to_owned(),
        content: content.to_owned(),
    })
}

impl Body {
    /// What stands in the one `<div>`.
    pub(crate) fn sections(&self) -> Result<&str, Fault> {
        let inside = self.content.strip_prefix("<div").and_then(split_tag).map(|(_, inside)| inside);
        inside.and_then(|inside| inside.strip_suffix("</div>")).ok_or_else(unexpected)
    }
}

/// What a tag says, and what follows it; both write their attributes in double quotes.
pub(crate) fn split_tag(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// The style sheets of a head, save those in comments, which are for Outlook, and those for Thunderbird's old engine.
fn style_sheets(head: &str) -> String {
    let mut sheets = String::new();
    let mut rest = head;
    while let Some(at) = rest.find("<!--").into_iter().chain(rest.find("<style type=\"text/css\">")).min() {
        let (_, behind) = rest.split_at(at);
        let (end, sheet) = match behind.strip_prefix("<style type=\"text/css\">") {
            Some(sheet) => ("</style>", Some(sheet)),
            None => ("-->", None),
        };
        let length = behind.find(end).unwrap_or(behind.len());
        if let Some(sheet) = sheet.and_then(|sheet| sheet.split_once(end)) {
            sheets.push_str(sheet.0);
            sheets.push('\n');
        }
        rest = behind.get(length + end.len()..).unwrap_or_default();
    }
    sheets
}

fn unexpected() -> Fault {
    (None, Problem::NoDocument)
}

fn render(mjml: &str) -> Result<String, Fault> {
    // The default options know no loader of includes that would read or fetch anything.
    let parsed = mrml::parse_with_options(mjml, &ParserOptions::default()).map_err(|error| refusal(mjml, &error))?;
    if let Some(warning) = parsed.warnings.first() {
        let problem = format!("{} does not belong here", quote(mjml, &warning.span));
        return Err((Some(line(mjml, &warning.span)), Problem::Mjml(problem)));
    }
    // mrml's own defaults would fetch fonts and icons from strangers.
    let options = RenderOptions { disable_comments: false, social_icon_origin: Some("".into()), fonts: HashMap::new() };
    let html = parsed.element.render(&options).map_err(|error| (None, Problem::Mjml(error.to_string())))?;
    // mrml gives every picture this height, which is no number of pixels; its style says the same.
    Ok(html.replace(" height=\"auto\"", ""))
}

/// What mrml says, with the line and the words that it means instead of byte positions.
fn refusal(mjml: &str, error: &Error) -> Fault {
    let (span, problem) = match error {
        Error::UnexpectedElement { position, .. } | Error::UnexpectedToken { position, .. } => {
            (position, format!("{} cannot stand here", quote(mjml, position)))
        }
        Error::MissingAttribute { name, position, .. } => (position, format!("{} needs {name}", quote(mjml, position))),
        Error::InvalidAttribute { position, .. } | Error::InvalidFormat { position, .. } => {
            (position, format!("{} is not understood", quote(mjml, position)))
        }
        other => return (None, Problem::Mjml(other.to_string())),
    };
    (Some(line(mjml, span)), Problem::Mjml(problem))
}

fn quote(mjml: &str, span: &Span) -> String {
    let words = mjml.get(span.start..span.end).unwrap_or_default().lines().next().unwrap_or_default().trim();
    format!("{:?}", words.chars().take(60).collect::<String>())
}

fn line(mjml: &str, span: &Span) -> usize {
    mjml.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}

fn inline(html: &str) -> Result<String, Fault> {
    let options = InlineOptions {
        keep_style_tags: false,
        keep_at_rules: true,
        load_remote_stylesheets: false,
        ..InlineOptions::default()
    };
    CSSInliner::new(options).inline(html).map_err(|error| (None, Problem::Style(error.to_string())))
}
