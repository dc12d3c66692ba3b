use domain::Locale;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::counted::Counted;
use crate::document;
use crate::error::{Part, Problem, RenderError, TemplateError};
use crate::field::{Author, Field};
use crate::footer;
use crate::page::Frame;
use crate::program::{Form, Program};
use crate::template::{Flat, Vocabulary, flatten};
use crate::tokens::{Token, Tokens};
use crate::values::Values;
use crate::{Look, Merge, Rendered, Source, check, markup, text, theme};

/// The most bytes that a subject or preheader may have.
const LINE_LIMIT: usize = 1_000;
/// The most bytes that a body may have.
const BODY_LIMIT: usize = 256 * 1024;
/// The most bytes that the HTML for one person may have. Gmail cuts mails off at about 102 kB, so this is no goal.
pub(crate) const MAIL_LIMIT: usize = 1024 * 1024;
/// The most characters of a subject line.
const SUBJECT_LIMIT: usize = 250;

/// A template that has been proved to render: what a campaign freezes when it is scheduled.
///
/// It serialises to JSON and needs nothing else to render, so a campaign's mails stay the same when its brand, the
/// starters or eshot itself change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiled {
    /// The language that the mail is in.
    locale: Locale,
    subject: Program,
    pub(crate) html: Program,
    pub(crate) text: Program,
    /// Where the links lead that can be counted, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    links: Vec<String>,
}

/// Compiles a template against a brand's look; whatever could go wrong for a recipient goes wrong here.
///
/// The footer (why you get this, preferences, unsubscribe, view in browser, postal address) is always added; a template
/// cannot leave it out.
pub fn compile(source: &Source, look: &Look) -> Result<Compiled, TemplateError> {
    build(source, look, Author::Staff, Vec::new())
}

impl Compiled {
    /// The mail for one person.
    pub fn render(&self, merge: &Merge) -> Result<Rendered, RenderError> {
        self.run(&Values::from(merge))
    }

    /// The mail as everybody may see it: no personal value, no personal link, every fallback taken.
    pub fn render_public(&self) -> Result<Rendered, RenderError> {
        self.run(&Values::default())
    }

    /// How many bytes of HTML the mail has before a person's values are in it, all conditions counted. Gmail hides what
    /// comes after about 102,000.
    pub fn html_bytes(&self) -> usize {
        self.html.size()
    }

    /// Where the links lead that can be counted: the first has the number 0.
    pub fn links(&self) -> &[String] {
        &self.links
    }

    /// The language of the mail's footer.
    pub fn locale(&self) -> Locale {
        self.locale
    }

    pub(crate) fn run(&self, values: &Values<'_>) -> Result<Rendered, RenderError> {
        Ok(Rendered { html: self.html(values)?, subject: self.subject(values), text: self.text(values) })
    }

    pub(crate) fn html(&self, values: &Values<'_>) -> Result<String, RenderError> {
        let html = self.html.run(values);
        if html.len() > MAIL_LIMIT {
            return Err(self.html.too_large(values, html.len()));
        }
        Ok(html)
    }

    pub(crate) fn subject(&self, values: &Values<'_>) -> String {
        let subject = one_line(&self.subject.run(values));
        // `{{#unless name}}…` can leave nothing for those who have a name; compiling proved that nobody's subject has
        // words.
        if subject.is_empty() { one_line(&self.subject.run(&Values::default())) } else { subject }
    }

    pub(crate) fn text(&self, values: &Values<'_>) -> String {
        tidy(&self.text.run(values))
    }
}

/// Compiles a template of ours or of the staff; `words` are further constants.
pub(crate) fn build(
    source: &Source,
    look: &Look,
    author: Author,
    words: Vec<(String, String)>,
) -> Result<Compiled, TemplateError> {
    measure(source)?;
    if look.postal_address.trim().is_empty() {
        return Err(TemplateError::whole(Part::Body, Problem::NoPostalAddress));
    }
    let house = Vocabulary {
        author: Author::House,
        constants: theme::constants(look).into_iter().chain(footer::words(look.locale)).collect(),
        base_url: look.base_url.clone(),
    };
    let constants = theme::constants(look).into_iter().chain(words).collect();
    let vocabulary = Vocabulary { author, constants, base_url: look.base_url.clone() };

    let values = house.constants.iter().chain(&vocabulary.constants).map(|(_, value)| value.as_str());
    let templates = [source.subject.as_str(), &source.preheader, &source.mjml, footer::MJML, footer::TEXT];
    let texts: Vec<_> = templates.into_iter().chain(values).chain([look.base_url.as_str()]).collect();
    let mut tokens = Tokens::foreign_to(&texts);

    let subject = flatten(&source.subject, Part::Subject, false, &vocabulary, &mut tokens)?;
    let preheader = flatten(&source.preheader, Part::Preheader, false, &vocabulary, &mut tokens)?;
    let body = flatten(&source.mjml, Part::Body, true, &vocabulary, &mut tokens)?;
    let links = if author == Author::Staff { Links::Counted } else { Links::Plain };
    let Checked { mjml, text: body_text, counted } = checked(&body, &look.base_url, links, &mut tokens)?;

    let frame = Frame {
        language: look.locale.as_str(),
        title: subject.text.trim(),
        preheader: preheader.text.trim(),
        head: &theme::head(look),
        style_sheet: &theme::style_sheet(look),
    };
    let fault = |(line, problem): document::Fault| TemplateError {
        part: Part::Body,
        line: line.map(|line| body.source_line(line)),
        problem,
    };
    let page = document::body(&mjml, &frame).map_err(fault)?;
    let footer = footer::build(&house, &frame, &mut tokens)?;
    let whole = |problem| TemplateError::whole(Part::Body, problem);
    let content = counted.place(&page.content, &mut tokens).map_err(whole)?;
    let pixel = if links == Links::Counted { pixel(&mut tokens).map_err(whole)? } else { String::new() };
    let html = frame.page(&page, &content, &footer.html, &pixel);
    let text = format!("{}\n\n{}", body_text.trim_end(), footer.text);

    let split =
        |text: &str, part, form| tokens.split(text, form).map_err(|problem| TemplateError::whole(part, problem));
    let compiled = Compiled {
        locale: look.locale,
        subject: split(&subject.text, Part::Subject, Form::Line)?,
        html: split(&html, Part::Body, Form::Html)?,
        text: split(&text, Part::Body, Form::Line)?,
        links: counted.targets,
    };
    if one_line(&compiled.subject.run(&Values::default())).is_empty() {
        return Err(TemplateError::whole(Part::Subject, Problem::EmptySubject));
    }
    Ok(compiled)
}

/// What becomes of a template's links.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// They can be counted, if a reader's are.
    Counted,
    /// They stay as they are.
    Plain,
}

/// A body that has been read and checked.
pub(crate) struct Checked {
    /// For mrml.
    pub(crate) mjml: String,
    /// Its plain text.
    pub(crate) text: String,
    pub(crate) counted: Counted,
}

/// The picture that says that a mail was opened, where somebody agreed to that. It stands last: what a mailbox cuts off was not read.
fn pixel(tokens: &mut Tokens) -> Result<String, Problem> {
    let begin = tokens.add(Token::If { field: Field::Open, negated: false })?;
    let url = tokens.add(Token::Value { field: Field::Open, fallback: None, in_url: false })?;
    let end = tokens.add(Token::End)?;
    Ok(format!("{begin}<img src=\"{url}\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0;\">{end}"))
}

/// Reads and checks a body.
pub(crate) fn checked(
    body: &Flat,
    base_url: &Url,
    links: Links,
    tokens: &mut Tokens,
) -> Result<Checked, TemplateError> {
    let fault = |tokens: &Tokens, (at, problem): markup::Fault| {
        // The author has never seen a token, so none may be quoted.
        let quotes_token = tokens.find(&problem.to_string()).next().is_some();
        let problem = if quotes_token { Problem::Place("in the name of an element or attribute") } else { problem };
        TemplateError::at(Part::Body, body.line(at), problem)
    };
    let nodes = markup::read(&body.text).map_err(|found| fault(tokens, found))?;
    let mjml = check::check(&nodes, &body.text, base_url, tokens).map_err(|found| fault(tokens, found))?;
    let counted = match links {
        Links::Counted => Counted::of(&nodes, tokens).map_err(|problem| TemplateError::whole(Part::Body, problem))?,
        Links::Plain => Counted::default(),
    };
    Ok(Checked { mjml, text: text::write(&nodes, tokens, &counted), counted })
}

fn measure(source: &Source) -> Result<(), TemplateError> {
    let parts = [
        (Part::Subject, &source.subject, LINE_LIMIT),
        (Part::Preheader, &source.preheader, LINE_LIMIT),
        (Part::Body, &source.mjml, BODY_LIMIT),
    ];
    match parts.into_iter().find(|(_, text, limit)| text.len() > *limit) {
        Some((part, text, limit)) => Err(TemplateError::whole(part, Problem::TooLong { bytes: text.len(), limit })),
        None => Ok(()),
    }
}

/// A subject: on one line, single spaces, not endless.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SUBJECT_LIMIT) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

/// No blanks at the ends of lines, no two empty lines in a row: what conditions leave behind.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(line.is_empty() && tidy.is_empty()) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}
