//! The footer, which every mail has and no template can leave out.

use domain::Locale;

use crate::Catalogue;
use crate::compile::{Links, checked};
use crate::document;
use crate::error::{Part, TemplateError};
use crate::page::Frame;
use crate::template::{Vocabulary, flatten};
use crate::tokens::Tokens;

pub(crate) const MJML: &str = include_str!("../../../templates/mail/footer.mjml");
pub(crate) const TEXT: &str = include_str!("../../../templates/mail/footer.txt");

/// A footer with tokens in it.
#[derive(Debug)]
pub(crate) struct Footer {
    pub(crate) html: String,
    pub(crate) text: String,
}

/// The footer's words, as constants.
pub(crate) fn words(locale: Locale) -> Vec<(String, String)> {
    ["preferences", "unsubscribe", "view"]
        .map(|word| (format!("words.{word}"), Catalogue::of(locale).text(&format!("mail.footer.{word}"), &[])))
        .to_vec()
}

/// Makes the footer. It is rendered apart from the body and stands outside of it, so that no style and no element of
/// the body can hide it.
pub(crate) fn build(vocabulary: &Vocabulary, frame: &Frame<'_>, tokens: &mut Tokens) -> Result<Footer, TemplateError> {
    let mjml = flatten(MJML, Part::Body, true, vocabulary, tokens)?;
    let text = flatten(TEXT, Part::Body, false, vocabulary, tokens)?;
    let mjml = checked(&mjml, &vocabulary.base_url, Links::Plain, tokens)?.mjml;
    let fault = |(line, problem): document::Fault| TemplateError { part: Part::Body, line, problem };
    let body = document::body(&mjml, frame).map_err(fault)?;
    let html = frame.footer(body.sections().map_err(fault)?);
    Ok(Footer { html, text: text.text })
}
