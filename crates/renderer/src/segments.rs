use lettre::message::header::ContentTransferEncoding;

use crate::compile::MAIL_LIMIT;
use crate::error::{MessageError, RenderError};
use crate::escape;
use crate::mime::parts::{Media, Parts};
use crate::mime::quoted_printable::{self, Encoded};
use crate::mime::{self, Headers};
use crate::program::{Form, Program, Sheet};
use crate::values::Values;
use crate::{Compiled, Merge};

/// A template made ready for many messages: its HTML is encoded once, and each message is put together from the pieces and
/// the values between them.
///
/// Headers, subject, text and HTML are those of [`Compiled::render`] and [`mime::message`]; only where lines are broken
/// differs. A template that quoted-printable does not suit (most languages without Latin letters) is encoded whole for
/// each message.
#[derive(Clone, Debug)]
pub struct Segments {
    compiled: Compiled,
    /// The HTML in quoted-printable, if that suits it.
    html: Option<Program<Encoded>>,
    /// About how many bytes a message has.
    size: usize,
}

impl Segments {
    /// Encodes what is the same for everybody.
    pub fn new(compiled: Compiled) -> Self {
        let html = &compiled.html;
        let suits = mime::encoding(&html.words()) == ContentTransferEncoding::QuotedPrintable;
        let html = suits.then(|| html.map(|text| Encoded::new(&mime::normalised(text))));
        let bytes = compiled.html.size() + compiled.text.size();
        Self { compiled, html, size: bytes + bytes / 4 + ROOM }
    }

    /// The template.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// The bytes of the message for one person: what [`mime::message`] makes of what [`Compiled::render`] gives.
    pub fn message(&self, merge: &Merge, headers: &Headers) -> Result<Vec<u8>, MessageError> {
        let values = Values::from(merge);
        let mut out = Vec::with_capacity(self.size);
        let mut parts = Parts::begin(headers, &self.compiled.subject(&values), &mut out)?;
        parts.text(Media::Plain, &self.compiled.text(&values));
        match &self.html {
            Some(html) => parts.quoted_printable(Media::Html, |out| {
                let mut page = Page { out, column: 0, plain: 0, value: String::new() };
                html.write(&values, &mut page);
                page.measure(html, &values)
            })?,
            None => parts.text(Media::Html, &self.compiled.html(&values)?),
        }
        parts.end();
        Ok(out)
    }
}

/// Room for the head and for a person's values.
const ROOM: usize = 4096;

/// A part that is being written in quoted-printable.
struct Page<'a> {
    out: &'a mut Vec<u8>,
    column: usize,
    /// How many bytes it has before it is encoded.
    plain: usize,
    /// The value at hand, kept for its memory.
    value: String,
}

impl Page<'_> {
    fn measure(&self, html: &Program<Encoded>, values: &Values<'_>) -> Result<(), RenderError> {
        if self.plain > MAIL_LIMIT {
            return Err(html.too_large(values, self.plain));
        }
        Ok(())
    }
}

impl Sheet<Encoded> for Page<'_> {
    fn literal(&mut self, literal: &Encoded) {
        self.column = literal.append(self.column, self.out);
        self.plain += literal.plain();
    }

    fn value(&mut self, value: &str, form: Form) {
        let harmless = form == Form::Html && escape::is_harmless(value);
        if !harmless {
            self.value.clear();
            form.write(value, &mut self.value);
        }
        let written = if harmless { value } else { &self.value };
        self.column = quoted_printable::encode(written, self.column, self.out);
        self.plain += written.len();
    }
}
