use crate::error::Problem;
use crate::field::Field;
use crate::program::{Form, Op, Program};

/// The expressions of a template, each standing in its text as one opaque word.
///
/// MJML and HTML parsers see words of letters and digits, which they leave alone wherever they stand; afterwards
/// [`Tokens::split`] cuts the result at the words and has a [`Program`].
#[derive(Debug)]
pub(crate) struct Tokens {
    prefix: String,
    all: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Value {
        field: Field,
        fallback: Option<String>,
        in_url: bool,
    },
    /// A link that can be counted: its number, and the address as it is written where nobody counts.
    Link {
        number: u16,
        plain: String,
    },
    If {
        field: Field,
        negated: bool,
    },
    Else,
    End,
}

const DIGITS: usize = 4;
const MOST: usize = 10_usize.pow(DIGITS as u32);

impl Tokens {
    /// Tokens that occur in none of these texts by themselves.
    pub(crate) fn foreign_to(texts: &[&str]) -> Self {
        let mut prefix = "xq".to_owned();
        let mut number = 0;
        while texts.iter().any(|text| text.contains(&prefix)) {
            number += 1;
            prefix = format!("xq{number}q");
        }
        Self { prefix, all: Vec::new() }
    }

    /// The word that stands for an expression.
    pub(crate) fn add(&mut self, token: Token) -> Result<String, Problem> {
        let number = self.all.len();
        if number >= MOST {
            return Err(Problem::Syntax(format!("there are more than {MOST} of them")));
        }
        self.all.push(token);
        Ok(format!("{}{number:0DIGITS$}", self.prefix))
    }

    /// Every token in a text: where it begins, where it ends, its number.
    pub(crate) fn find<'t>(&self, text: &'t str) -> impl Iterator<Item = (usize, usize, usize)> + use<'t, '_> {
        text.match_indices(self.prefix.as_str()).filter_map(|(at, prefix)| {
            let digits = at + prefix.len();
            let number = text.get(digits..digits + DIGITS)?.parse().ok()?;
            (number < self.all.len()).then_some((at, digits + DIGITS, number))
        })
    }

    pub(crate) fn get(&self, number: usize) -> &Token {
        &self.all[number]
    }

    /// Whether two texts will read the same, tokens included.
    pub(crate) fn same(&self, a: &str, b: &str) -> bool {
        let whole = |text: &str| {
            self.find(text).next().filter(|found| (found.0, found.1) == (0, text.len())).map(|found| found.2)
        };
        match (whole(a), whole(b)) {
            (Some(a), Some(b)) => self.all[a] == self.all[b],
            _ => a == b,
        }
    }

    /// Says that a value stands in the middle of an address.
    pub(crate) fn mark_in_url(&mut self, number: usize) {
        if let Token::Value { in_url, .. } = &mut self.all[number] {
            *in_url = true;
        }
    }

    /// The program of a text with tokens in it; a comment that holds nothing but a token is the token.
    pub(crate) fn split(&self, text: &str, form: Form) -> Result<Program, Problem> {
        // One list of operations per open condition, the program's own at the bottom.
        let mut open: Vec<Open> = Vec::new();
        let mut ops = Vec::new();
        let mut rest = 0;
        for (mut start, mut end, number) in self.find(text) {
            let token = &self.all[number];
            if !matches!(token, Token::Value { .. } | Token::Link { .. })
                && text[..start].ends_with("<!--")
                && text[end..].starts_with("-->")
            {
                (start, end) = (start - "<!--".len(), end + "-->".len());
            }
            literal(&mut ops, &text[rest..start]);
            rest = end;
            match token {
                Token::Value { field, fallback, in_url } => {
                    let form = if *in_url { Form::UrlPart } else { form };
                    ops.push(Op::Value { field: field.clone(), fallback: fallback.clone(), form });
                }
                Token::Link { number, plain } => {
                    let value = Op::Value { field: Field::Click, fallback: None, form };
                    let then = vec![value, Op::Literal(format!("/{number}"))];
                    ops.push(Op::If { field: Field::Click, then, otherwise: vec![Op::Literal(plain.clone())] });
                }
                Token::If { field, negated } => {
                    let outer = std::mem::take(&mut ops);
                    open.push(Open { field: field.clone(), negated: *negated, outer, then: None });
                }
                Token::Else => {
                    let condition = open.last_mut().ok_or(Problem::Crossing)?;
                    condition.then = Some(std::mem::take(&mut ops));
                }
                Token::End => {
                    let Open { field, negated, outer, then } = open.pop().ok_or(Problem::Crossing)?;
                    let last = std::mem::replace(&mut ops, outer);
                    let (then, otherwise) = match then {
                        Some(then) => (then, last),
                        None => (last, Vec::new()),
                    };
                    let (then, otherwise) = if negated { (otherwise, then) } else { (then, otherwise) };
                    ops.push(Op::If { field, then, otherwise });
                }
            }
        }
        literal(&mut ops, &text[rest..]);
        if open.is_empty() { Ok(Program(ops)) } else { Err(Problem::Crossing) }
    }
}

struct Open {
    field: Field,
    negated: bool,
    /// What came before the condition.
    outer: Vec<Op>,
    /// The first branch, once the second has begun.
    then: Option<Vec<Op>>,
}

fn literal(ops: &mut Vec<Op>, text: &str) {
    if text.is_empty() {
        return;
    }
    match ops.last_mut() {
        Some(Op::Literal(before)) => before.push_str(text),
        _ => ops.push(Op::Literal(text.to_owned())),
    }
}
