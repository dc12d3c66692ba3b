use std::fmt;

use crate::mime::MimeError;

/// Which of the three templates of a [`Source`](crate::Source) is meant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The subject line.
    Subject,
    /// The preheader.
    Preheader,
    /// The MJML.
    Body,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Subject => "subject",
            Self::Preheader => "preheader",
            Self::Body => "body",
        })
    }
}

/// Why a template cannot be used, and where: meant to be shown to its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The template with the fault.
    pub part: Part,
    /// The line of the fault, counted from 1, where one line can be named.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.part, self.problem),
            None => write!(f, "{}: {}", self.part, self.problem),
        }
    }
}

// The problem is part of the text already, so it is no source as well.
impl std::error::Error for TemplateError {}

impl TemplateError {
    pub(crate) fn at(part: Part, line: usize, problem: Problem) -> Self {
        Self { part, line: Some(line), problem }
    }

    pub(crate) fn whole(part: Part, problem: Problem) -> Self {
        Self { part, line: None, problem }
    }
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// More than any mail needs.
    #[error("this has {bytes} bytes, at most {limit} are allowed")]
    TooLong {
        /// The size it has.
        bytes: usize,
        /// The size it may have.
        limit: usize,
    },
    /// Elements or conditions inside one another without end.
    #[error("this is nested deeper than {limit} levels")]
    TooDeep {
        /// How deep it may be.
        limit: usize,
    },
    /// The Handlebars grammar does not allow it.
    #[error("a merge field is wrong: {0}")]
    Syntax(String),
    /// A field that no mail has a value for.
    #[error("there is no field {name}; the fields are {known}")]
    UnknownField {
        /// What the template asks for.
        name: String,
        /// What it could ask for.
        known: String,
    },
    /// A helper, partial or decorator that is not on the list.
    #[error("a template cannot use {0}; there are if, unless, fallback and asset")]
    UnknownHelper(String),
    /// A helper with the wrong words behind it.
    #[error("{helper} is used like this: {usage}")]
    Usage {
        /// The helper.
        helper: &'static str,
        /// An example.
        usage: &'static str,
    },
    /// `{{{field}}}` or `{{&field}}`.
    #[error("three braces would take a person's value for markup; write two")]
    Unescaped,
    /// A picture that does not exist.
    #[error("there is no picture {0:?}")]
    UnknownAsset(String),
    /// A tag that does not read as one.
    #[error("this is no valid tag: names are lower-case, attributes are quoted, a lone < is written &lt;")]
    Markup,
    /// An element without an end.
    #[error("<{0}> is never closed")]
    Unclosed(String),
    /// The wrong element is closed.
    #[error("</{close}> closes {}", open.as_deref().map_or("nothing".to_owned(), |open| format!("<{open}>")))]
    Mismatch {
        /// What is open, if anything is.
        open: Option<String>,
        /// What is closed.
        close: String,
    },
    /// The same attribute twice.
    #[error("<{element}> has {attribute} twice")]
    Twice {
        /// The attribute.
        attribute: String,
        /// The element.
        element: String,
    },
    /// An element that mails do not have, or that would load something from elsewhere.
    #[error("a mail cannot have <{element}>{hint}")]
    Element {
        /// The element.
        element: String,
        /// What to do instead, or nothing.
        hint: &'static str,
    },
    /// An element in the wrong place.
    #[error("<{element}> {}", place(home))]
    Nesting {
        /// The element.
        element: String,
        /// What it may stand in.
        home: &'static [&'static str],
    },
    /// An element that HTML parsers move out of the one around it, or that they end that one for.
    #[error("<{element}> cannot stand in <{around}>; mail programs would move it")]
    Within {
        /// The element.
        element: String,
        /// What it stands in.
        around: String,
    },
    /// Words between the cells of a table, which HTML parsers move in front of it.
    #[error("there are words in <{0}> that stand in no cell")]
    Words(String),
    /// There is no MJML document.
    #[error("a body is one <mjml>, in it perhaps an <mj-head>, and then an <mj-body>")]
    NoDocument,
    /// An attribute that does not belong there.
    #[error("<{element}> cannot have {attribute}{hint}")]
    Attribute {
        /// The element.
        element: String,
        /// The attribute.
        attribute: String,
        /// What to do instead, or nothing.
        hint: &'static str,
    },
    /// An attribute that must be there.
    #[error("<{element}> needs {attribute}{hint}")]
    Missing {
        /// The element.
        element: String,
        /// The attribute.
        attribute: &'static str,
        /// Why, or what with.
        hint: &'static str,
    },
    /// A merge field where its value could become something else than text.
    #[error("a merge field cannot stand {0}")]
    Place(&'static str),
    /// `{{#if}}` in one element and `{{/if}}` in another.
    #[error("the condition begins in one element and ends in another")]
    Crossing,
    /// A link that works nowhere or does what links in mails must not.
    #[error("{0:?} is no link for a mail; one begins with https://, http://, mailto: or tel:")]
    Link(String),
    /// A picture of somebody else's, who would learn who opens the mail.
    #[error(
        "{address:?} is not the brand's; a mail loads from nobody else, so a picture's address begins with {origin}/"
    )]
    Picture {
        /// The address, as far as the author wrote it.
        address: String,
        /// Scheme and host of the brand's base URL.
        origin: String,
    },
    /// mrml does not take it.
    #[error("this is no valid MJML: {0}")]
    Mjml(String),
    /// A style that cannot be read, that loads something, or that could reach what is not the author's.
    #[error("this style cannot be used: {0}")]
    Style(String),
    /// Working the style sheets into the elements would take too long.
    #[error(
        "the style sheets have {selectors} selectors for {elements} elements, some of which look at every element around; \
         that is more than can be worked in"
    )]
    TooMuchStyle {
        /// How many selectors there are.
        selectors: usize,
        /// How many elements.
        elements: usize,
    },
    /// Some people would get a mail without a subject.
    #[error("the subject is empty for people whose fields are; give it a fallback or some words")]
    EmptySubject,
    /// Law asks for one in every mail.
    #[error("the brand has no postal address, and every mail must show one")]
    NoPostalAddress,
}

fn place(home: &[&str]) -> String {
    match home {
        [] | [""] => "stands at the top, and only once".to_owned(),
        elements => format!("stands in <{}> only", elements.join("> or <")),
    }
}

/// Why a compiled template gave no mail for one person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The values of this person blow the mail up.
    #[error("the mail has {bytes} bytes with this person's values, at most {limit} are allowed{}", most(largest.as_deref()))]
    TooLarge {
        /// The size it would have.
        bytes: usize,
        /// The size it may have.
        limit: usize,
        /// The field whose value takes the most room, as a template names it.
        largest: Option<String>,
    },
}

fn most(field: Option<&str>) -> String {
    field.map(|field| format!("; most of it is {field}")).unwrap_or_default()
}

/// Why a compiled template gave no message for one person.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The template does not render for this person.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// What stands above the body makes no head.
    #[error(transparent)]
    Mime(#[from] MimeError),
}
