use std::fmt;

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct TemplateError {
    /// The template with the fault.
    pub part: Part,
    /// The line of the fault, counted from 1, where one line can be named.
    pub line: Option<usize>,
    /// What is wrong.
    #[source]
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

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The Handlebars grammar does not allow it.
    #[error("this is no Handlebars template: {0}")]
    Syntax(String),
}

/// Why a compiled template gave no mail for one person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The values of this person blow the mail up.
    #[error("the mail has {bytes} bytes with this person's values, at most {limit} are allowed")]
    TooLarge {
        /// The size it would have.
        bytes: usize,
        /// The size it may have.
        limit: usize,
    },
}
