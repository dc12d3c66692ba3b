//! From checked MJML to a whole HTML document.

use std::collections::HashMap;

use css_inline::{CSSInliner, InlineOptions};
use mrml::prelude::parser::{Error, ParserOptions, Span};
use mrml::prelude::render::RenderOptions;

use crate::error::Problem;
use crate::escape;

/// What is wrong, and on which line of the MJML where that is known.
pub(crate) type Fault = (Option<usize>, Problem);

/// What the renderer puts around an author's body.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// RFC 5646.
    pub(crate) language: &'a str,
    /// The document's title, plain text with tokens.
    pub(crate) title: &'a str,
    /// Plain text with tokens.
    pub(crate) preheader: &'a str,
    /// MJML for the head.
    pub(crate) head: &'a str,
    /// HTML for the head.
    pub(crate) style_sheet: &'a str,
}

/// After the preheader, so that a mailbox does not show the beginning of the body behind it.
const PADDING: &str = "&#847;&zwnj;&nbsp;";

/// The HTML of a body: MJML rendered without anything from elsewhere, styles worked into the elements, framed.
pub(crate) fn html(mjml: &str, frame: &Frame<'_>) -> Result<String, Fault> {
    let html = inline(&render(&framed(mjml, frame)?)?)?;
    let (head, body) = html.split_once("</head>").ok_or_else(unexpected)?;
    let (body_tag, body) =
        body.split_once("<body").and_then(|(_, rest)| rest.split_once('>')).ok_or_else(unexpected)?;
    let preheader = if frame.preheader.is_empty() {
        String::new()
    } else {
        format!(
            "<div style=\"display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;font-size:1px;\
             line-height:1px;\">{}{}</div>",
            escape::to_html(frame.preheader),
            PADDING.repeat(40)
        )
    };
    Ok(format!(
        "{head}<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" \
         content=\"light dark\">{}</head><body{body_tag}>{preheader}{body}",
        frame.style_sheet
    ))
}

/// The sections of a body that is to be put into another document.
pub(crate) fn sections(mjml: &str, frame: &Frame<'_>) -> Result<String, Fault> {
    let html = inline(&render(&framed(mjml, frame)?)?)?;
    let start = html.find("role=\"article\"").and_then(|at| html[at..].find('>').map(|end| at + end + 1));
    let end = end_of_sections(&html);
    start.zip(end).and_then(|(start, end)| html.get(start..end)).map(str::to_owned).ok_or_else(unexpected)
}

/// Appends sections to the body of a document.
pub(crate) fn append(html: &mut String, sections: &str) -> Result<(), Fault> {
    let at = end_of_sections(html).ok_or_else(unexpected)?;
    html.insert_str(at, sections);
    Ok(())
}

/// Where mrml's one `<div>` around all sections ends.
fn end_of_sections(html: &str) -> Option<usize> {
    html.rfind("</body>").and_then(|body| html[..body].rfind("</div>"))
}

fn unexpected() -> Fault {
    (None, Problem::NoDocument)
}

/// Puts language, title and defaults into the MJML. No line moves.
fn framed(mjml: &str, frame: &Frame<'_>) -> Result<String, Fault> {
    let not_a_document = || (Some(1), Problem::NoDocument);
    let (leading, document) = leading_blanks(mjml);
    let (attributes, inside) =
        document.strip_prefix("<mjml").and_then(|rest| rest.split_once('>')).ok_or_else(not_a_document)?;
    let language = attribute(attributes, "lang").unwrap_or(frame.language);
    let direction = attribute(attributes, "dir").filter(|direction| *direction == "rtl").unwrap_or("ltr");
    let (blanks, inside) = leading_blanks(inside);
    let head = inside.strip_prefix("<mj-head").and_then(|rest| rest.split_once('>'));
    let (own_head, rest) = match head {
        Some((attributes, rest)) => (!attributes.ends_with('/'), rest),
        None => (false, inside),
    };
    let end_of_head = if own_head { "" } else { "</mj-head>" };
    let (title, defaults) = (escape::to_html(frame.title), frame.head);
    let breaks: String = attributes.matches('\n').collect();
    Ok(format!(
        "{leading}<mjml lang=\"{language}\" dir=\"{direction}\">{breaks}{blanks}\
         <mj-head><mj-title>{title}</mj-title>{defaults}{end_of_head}{rest}"
    ))
}

fn leading_blanks(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start().len())
}

/// The value of an attribute, if it is a plain word.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = attributes.split_once(&format!(" {name}=\""))?;
    let (value, _) = value.split_once('"')?;
    value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-').then_some(value)
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
