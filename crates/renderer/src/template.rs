//! From Handlebars to a text with opaque words in it.

use handlebars::Template;
use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{Path, TemplateError as HandlebarsError, TemplateErrorReason};

use crate::assets;
use crate::error::{Part, Problem, TemplateError};
use crate::escape;
use crate::field::{Author, Field, names_for_staff};
use crate::tokens::{Token, Tokens};

/// How long one `{{…}}` may be, fallback words included.
const EXPRESSION: usize = 400;
/// How deep conditions may be nested.
const CONDITIONS: usize = 16;

const FALLBACK: Problem = Problem::Usage { helper: "fallback", usage: "{{fallback first_name \"there\"}}" };
const ASSET: Problem = Problem::Usage { helper: "asset", usage: "{{asset \"picture.png\"}}" };
const IF: Problem = Problem::Usage { helper: "if", usage: "{{#if company}} … {{else}} … {{/if}}" };

/// What the names in a template stand for.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) author: Author,
    /// What is the same for all recipients and written into the text at once: path and value.
    pub(crate) constants: Vec<(String, String)>,
    /// Where pictures are fetched from.
    pub(crate) base_url: url::Url,
}

/// A template in which every expression has become a word.
#[derive(Debug)]
pub(crate) struct Flat {
    pub(crate) text: String,
    /// For each line of the text, the line of the source that it came from.
    lines: Vec<usize>,
}

impl Flat {
    /// The line of the source that a byte of the text came from.
    pub(crate) fn line(&self, at: usize) -> usize {
        let line = self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count();
        self.source_line(line + 1)
    }

    /// The line of the source that a line of the text, counted from 1, came from.
    pub(crate) fn source_line(&self, line: usize) -> usize {
        self.lines.get(line.saturating_sub(1)).or(self.lines.last()).copied().unwrap_or(1)
    }
}

/// Reads a template. What it says of people becomes tokens, what it says of the brand becomes text: escaped, if the
/// template is `markup`.
pub(crate) fn flatten(
    source: &str,
    part: Part,
    markup: bool,
    vocabulary: &Vocabulary,
    tokens: &mut Tokens,
) -> Result<Flat, TemplateError> {
    measure(source).map_err(|(line, problem)| TemplateError::at(part, line, problem))?;
    let template = Template::compile(source).map_err(|error| syntax(part, &error))?;
    let mut writer = Writer { part, markup, vocabulary, tokens, flat: Flat { text: String::new(), lines: vec![1] } };
    writer.template(&template, 1)?;
    Ok(writer.flat)
}

/// Refuses what a recursive parser must not see: expressions without end, conditions in conditions in conditions.
fn measure(source: &str) -> Result<(), (usize, Problem)> {
    // For each open condition its line and its levels: every `{{else if}}` is one more for the parser.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut rest = 0;
    while let Some(at) = source[rest..].find("{{").map(|found| rest + found) {
        let line = || source[..at].matches('\n').count() + 1;
        let (before, after) = (&source[..at], &source[at + 2..]);
        rest = at + 2;
        if before.ends_with('\\') && !before.ends_with("\\\\") {
            continue;
        }
        let comment = after.starts_with('!');
        let end = if after.starts_with("!--") { "--}}" } else { "}}" };
        let length = after.find(end).filter(|length| comment || *length <= EXPRESSION);
        let length = length.ok_or_else(|| (line(), Problem::Syntax(format!("it is not closed by {end}"))))?;
        rest += length;
        if comment {
            continue;
        }
        let expression = &after[..length];
        if expression.matches(['(', '[', '{']).count() > 8 {
            return Err((line(), Problem::Syntax("it has too many brackets".to_owned())));
        }
        match expression.trim_start_matches(['~', ' ']).chars().next() {
            Some('#') => open.push((line(), 1)),
            Some('/') => drop(open.pop()),
            _ if expression.contains("else ") => {
                open.iter_mut().last().into_iter().for_each(|(_, levels)| *levels += 1)
            }
            _ => {}
        }
        if open.iter().map(|(_, levels)| levels).sum::<usize>() > CONDITIONS {
            return Err((line(), Problem::TooDeep { limit: CONDITIONS }));
        }
    }
    match open.pop() {
        Some((line, _)) => Err((line, Problem::Syntax("the block that begins here is never closed".to_owned()))),
        None => Ok(()),
    }
}

fn syntax(part: Part, error: &HandlebarsError) -> TemplateError {
    let problem = Problem::Syntax(match error.reason() {
        // The grammar's own words are a list of rules that say nothing to authors.
        TemplateErrorReason::InvalidSyntax(_) => "it cannot be read".to_owned(),
        reason => reason.to_string(),
    });
    match error.pos() {
        Some((line, _)) => TemplateError::at(part, line, problem),
        None => TemplateError::whole(part, problem),
    }
}

struct Writer<'a> {
    part: Part,
    markup: bool,
    vocabulary: &'a Vocabulary,
    tokens: &'a mut Tokens,
    flat: Flat,
}

impl Writer<'_> {
    /// `line` is that of the block around it: for `{{else if}}` the parser keeps no place of its own.
    fn template(&mut self, template: &Template, line: usize) -> Result<(), TemplateError> {
        for (number, element) in template.elements.iter().enumerate() {
            let line = template.mapping.get(number).map_or(line, |place| place.0);
            self.element(element, line).map_err(|fault| match fault {
                Fault::Here(problem) => TemplateError::at(self.part, line, problem),
                Fault::Within(error) => error,
            })?;
        }
        Ok(())
    }

    fn element(&mut self, element: &TemplateElement, line: usize) -> Result<(), Fault> {
        match element {
            TemplateElement::RawString(text) => self.text(text, line),
            TemplateElement::Comment(_) => {}
            TemplateElement::Expression(expression) => self.expression(expression, line)?,
            TemplateElement::HelperBlock(block) => self.condition(block, line)?,
            TemplateElement::HtmlExpression(_) => return Err(Problem::Unescaped.into()),
            TemplateElement::PartialExpression(_) | TemplateElement::PartialBlock(_) => {
                return Err(Problem::UnknownHelper("partials".to_owned()).into());
            }
            _ => return Err(Problem::UnknownHelper("decorators".to_owned()).into()),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, line: usize) {
        // The lines of this piece follow those of the source; the line that it continues keeps its own number if it
        // has something on it already.
        if self.flat.text.is_empty() || self.flat.text.ends_with('\n') {
            self.set_line(line);
        }
        self.flat.text.push_str(text);
        let breaks = text.matches('\n').count();
        self.flat.lines.extend((1..=breaks).map(|number| line + number));
    }

    fn set_line(&mut self, line: usize) {
        if let Some(last) = self.flat.lines.last_mut() {
            *last = line;
        }
    }

    fn token(&mut self, token: Token, line: usize) -> Result<(), Fault> {
        let word = self.tokens.add(token)?;
        self.text(&word, line);
        Ok(())
    }

    fn expression(&mut self, expression: &HelperTemplate, line: usize) -> Result<(), Fault> {
        let parameters = expression.params.as_slice();
        if !expression.hash.is_empty() || expression.block_param.is_some() {
            return Err(FALLBACK.into());
        }
        let name = name_of(&expression.name).ok_or(FALLBACK)?;
        match (name, parameters) {
            ("fallback", [Parameter::Path(field), Parameter::Literal(words)]) => {
                let field = self.field(raw(field))?;
                let fallback = words.as_str().ok_or(FALLBACK)?.to_owned();
                self.token(Token::Value { field, fallback: Some(fallback), in_url: false }, line)
            }
            ("fallback", _) => Err(FALLBACK.into()),
            ("asset", [Parameter::Literal(name)]) => {
                let name = name.as_str().ok_or(ASSET)?;
                let url = assets::url(&self.vocabulary.base_url, name)
                    .ok_or_else(|| Problem::UnknownAsset(name.to_owned()))?;
                self.constant(&url, line);
                Ok(())
            }
            ("asset", _) => Err(ASSET.into()),
            (path, []) => match self.vocabulary.constants.iter().find(|(known, _)| known == path) {
                Some((_, value)) => {
                    self.constant(value, line);
                    Ok(())
                }
                None => {
                    let field = self.field(path)?;
                    self.token(Token::Value { field, fallback: None, in_url: false }, line)
                }
            },
            (helper, _) => Err(Problem::UnknownHelper(helper.to_owned()).into()),
        }
    }

    fn constant(&mut self, value: &str, line: usize) {
        if self.markup {
            self.text(&escape::to_html(value), line);
        } else {
            let mut plain = String::new();
            escape::line(value, &mut plain);
            self.text(&plain, line);
        }
    }

    fn condition(&mut self, block: &HelperTemplate, line: usize) -> Result<(), Fault> {
        let negated = match name_of(&block.name) {
            Some("if") => false,
            Some("unless") => true,
            other => return Err(Problem::UnknownHelper(format!("#{}", other.unwrap_or_default())).into()),
        };
        let ([Parameter::Path(field)], true, None) =
            (block.params.as_slice(), block.hash.is_empty(), &block.block_param)
        else {
            return Err(IF.into());
        };
        let field = self.field(raw(field))?;
        self.token(Token::If { field, negated }, line)?;
        if let Some(template) = &block.template {
            self.template(template, line).map_err(Fault::Within)?;
        }
        if let Some(inverse) = &block.inverse {
            self.token(Token::Else, line)?;
            self.template(inverse, line).map_err(Fault::Within)?;
        }
        self.token(Token::End, line)
    }

    fn field(&self, path: &str) -> Result<Field, Problem> {
        Field::named(path, self.vocabulary.author)
            .ok_or_else(|| Problem::UnknownField { name: path.to_owned(), known: names_for_staff().to_string() })
    }
}

/// A fault of the element at hand, or one that knows its line already.
enum Fault {
    Here(Problem),
    Within(TemplateError),
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}

fn name_of(parameter: &Parameter) -> Option<&str> {
    match parameter {
        Parameter::Name(name) => Some(name),
        Parameter::Path(path) => Some(raw(path)),
        _ => None,
    }
}

/// The path as it was written: `a.b` and `a/b` are different names here, and only the first is one of ours.
fn raw(path: &Path) -> &str {
    match path {
        Path::Relative((_, raw)) | Path::Local((_, _, raw)) => raw,
    }
}
