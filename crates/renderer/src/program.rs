use serde::{Deserialize, Serialize};

use crate::compile::MAIL_LIMIT;
use crate::error::RenderError;
use crate::escape;
use crate::field::Field;
use crate::values::Values;

/// A template taken apart: all that can happen while a mail is made, and nothing else.
///
/// Handlebars' parser reads what authors write; its evaluator is not used. So there are no helpers to call, no raw
/// output and no second evaluation: [`Op::Value`] is the only place where a value gets into a mail, and it always
/// escapes. It is also what a campaign freezes, and about four times as fast.
///
/// `L` is how the literals are kept: as the text that they are, or encoded already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Program<L = String>(pub(crate) Vec<Op<L>>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", bound(deserialize = "L: Deserialize<'de>"))]
pub(crate) enum Op<L = String> {
    /// Written as it is.
    Literal(L),
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
        then: Vec<Op<L>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        otherwise: Vec<Op<L>>,
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

/// Where a program writes to.
pub(crate) trait Sheet<L> {
    fn literal(&mut self, literal: &L);

    /// Takes a value as the form says that it must be written.
    fn value(&mut self, value: &str, form: Form);
}

impl Program {
    /// Runs it.
    pub(crate) fn run(&self, values: &Values<'_>) -> String {
        let mut out = String::with_capacity(self.size() + 512);
        self.write(values, &mut out);
        out
    }

    /// How many bytes its literals have, on all branches together.
    pub(crate) fn size(&self) -> usize {
        let mut size = 0;
        self.each_literal(&mut |literal| size += literal.len());
        size
    }

    /// Its literals one after the other, those of all branches.
    pub(crate) fn words(&self) -> String {
        let mut words = String::with_capacity(self.size());
        self.each_literal(&mut |literal| words.push_str(literal));
        words
    }

    fn each_literal(&self, take: &mut impl FnMut(&str)) {
        fn each(ops: &[Op], take: &mut impl FnMut(&str)) {
            for op in ops {
                match op {
                    Op::Literal(text) => take(text),
                    Op::Value { .. } => {}
                    Op::If { then, otherwise, .. } => {
                        each(then, take);
                        each(otherwise, take);
                    }
                }
            }
        }
        each(&self.0, take);
    }

    /// The same program with its literals kept in another way.
    pub(crate) fn map<L>(&self, keep: impl Fn(&str) -> L) -> Program<L> {
        fn map<L>(ops: &[Op], keep: &impl Fn(&str) -> L) -> Vec<Op<L>> {
            ops.iter()
                .map(|op| match op {
                    Op::Literal(text) => Op::Literal(keep(text)),
                    Op::Value { field, fallback, form } => {
                        Op::Value { field: field.clone(), fallback: fallback.clone(), form: *form }
                    }
                    Op::If { field, then, otherwise } => {
                        Op::If { field: field.clone(), then: map(then, keep), otherwise: map(otherwise, keep) }
                    }
                })
                .collect()
        }
        Program(map(&self.0, &keep))
    }
}

impl<L> Program<L> {
    /// Runs it onto a sheet: the one walk, whatever the mail is written on.
    pub(crate) fn write(&self, values: &Values<'_>, sheet: &mut impl Sheet<L>) {
        write(&self.0, values, sheet);
    }

    /// Why these values make a mail of so many bytes, which is too large: the one whose value takes the most room is named.
    pub(crate) fn too_large(&self, values: &Values<'_>, bytes: usize) -> RenderError {
        let mut room = Vec::new();
        measure(&self.0, values, &mut room);
        let largest = room.iter().max_by_key(|(_, room)| *room).map(|(field, _)| field.to_string());
        RenderError::TooLarge { bytes, limit: MAIL_LIMIT, largest }
    }
}

/// Adds up how much room the value of each field takes where it stands.
fn measure<'a, L>(ops: &'a [Op<L>], values: &Values<'_>, room: &mut Vec<(&'a Field, usize)>) {
    for op in ops {
        match op {
            Op::Literal(_) => {}
            Op::Value { field, form, .. } => {
                let mut written = String::new();
                form.write(values.get(field).unwrap_or_default(), &mut written);
                let bytes = written.len();
                match room.iter_mut().find(|(known, _)| *known == field) {
                    Some((_, sum)) => *sum += bytes,
                    None => room.push((field, bytes)),
                }
            }
            Op::If { field, then, otherwise } => {
                measure(if values.get(field).is_some() { then } else { otherwise }, values, room);
            }
        }
    }
}

fn write<L>(ops: &[Op<L>], values: &Values<'_>, sheet: &mut impl Sheet<L>) {
    for op in ops {
        match op {
            Op::Literal(literal) => sheet.literal(literal),
            Op::Value { field, fallback, form } => {
                if let Some(value) = values.get(field).or(fallback.as_deref()) {
                    sheet.value(value, *form);
                }
            }
            Op::If { field, then, otherwise } => {
                write(if values.get(field).is_some() { then } else { otherwise }, values, sheet);
            }
        }
    }
}

impl Sheet<String> for String {
    fn literal(&mut self, literal: &String) {
        self.push_str(literal);
    }

    fn value(&mut self, value: &str, form: Form) {
        form.write(value, self);
    }
}

impl Form {
    /// The one place where a value is made harmless.
    pub(crate) fn write(self, value: &str, out: &mut String) {
        match self {
            Form::Html => escape::html(value, out),
            Form::UrlPart => escape::url_part(value, out),
            Form::Line => escape::line(value, out),
        }
    }
}
