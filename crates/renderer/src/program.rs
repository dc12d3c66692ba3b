use serde::{Deserialize, Serialize};

use crate::escape;
use crate::field::Field;
use crate::values::Values;

/// A template taken apart: all that can happen while a mail is made, and nothing else.
///
/// Handlebars' parser reads what authors write; its evaluator is not used. So there are no helpers to call, no raw
/// output and no second evaluation: [`Op::Value`] is the only place where a value gets into a mail, and it always
/// escapes. It is also what a campaign freezes, and about four times as fast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Program(pub(crate) Vec<Op>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Op {
    /// Written as it is.
    Literal(String),
    /// A value, or else the fallback.
    Value {
        field: Field,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback: Option<String>,
        form: Form,
    },
    /// One of two, by whether the field has a value.
    If {
        field: Field,
        then: Vec<Op>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        otherwise: Vec<Op>,
    },
}

/// How a value is written, by where it stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// In HTML, as text or in a quoted attribute.
    Html,
    /// In the middle of an address in HTML: percent-encoded (RFC 3986 §2.1).
    UrlPart,
    /// In plain text: one line.
    Line,
}

impl Program {
    /// Runs it.
    pub(crate) fn run(&self, values: &Values<'_>) -> String {
        let mut out = String::with_capacity(self.size() + 512);
        write(&self.0, values, &mut out);
        out
    }

    /// How many bytes its literals have, on all branches together.
    pub(crate) fn size(&self) -> usize {
        fn size(ops: &[Op]) -> usize {
            ops.iter()
                .map(|op| match op {
                    Op::Literal(text) => text.len(),
                    Op::Value { .. } => 0,
                    Op::If { then, otherwise, .. } => size(then) + size(otherwise),
                })
                .sum()
        }
        size(&self.0)
    }
}

fn write(ops: &[Op], values: &Values<'_>, out: &mut String) {
    for op in ops {
        match op {
            Op::Literal(text) => out.push_str(text),
            Op::Value { field, fallback, form } => {
                if let Some(value) = values.get(field).or(fallback.as_deref()) {
                    match form {
                        Form::Html => escape::html(value, out),
                        Form::UrlPart => escape::url_part(value, out),
                        Form::Line => escape::line(value, out),
                    }
                }
            }
            Op::If { field, then, otherwise } => {
                write(if values.get(field).is_some() { then } else { otherwise }, values, out);
            }
        }
    }
}
