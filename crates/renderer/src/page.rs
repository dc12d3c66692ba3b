//! The document around a body: everything in it that no author writes.

use crate::document::{Body, Fault};
use crate::error::Problem;
use crate::escape;

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

/// What every head says, to Outlook on Windows in comments of its own.
const HEAD: &str = "<!--[if !mso]><!--><meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\"><!--<![endif]-->\
    <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
    <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\
    <!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch>\
    </o:OfficeDocumentSettings></xml></noscript><![endif]-->\
    <!--[if lte mso 11]><style type=\"text/css\">.mj-outlook-group-fix { width:100% !important; }</style><![endif]-->";

/// No mail program's own margins, and its own sizes of words.
const BODY: &str = "margin:0;padding:0;-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%;";

/// Around the author's part. Whatever it holds, whichever way that is moved or floats, stays in this box: nothing of it
/// lies over the footer or pulls it out of sight.
const BOX: &str = "overflow:auto;";

/// After the preheader, so that a mailbox does not show the beginning of the body behind it.
const PADDING: &str = "&#847;&zwnj;&nbsp;";

impl Frame<'_> {
    /// Puts language, title and defaults into the MJML. No line moves.
    pub(crate) fn around(&self, mjml: &str) -> Result<String, Fault> {
        let not_a_document = || (Some(1), Problem::NoDocument);
        let (leading, document) = leading_blanks(mjml);
        let (attributes, inside) =
            document.strip_prefix("<mjml").and_then(|rest| rest.split_once('>')).ok_or_else(not_a_document)?;
        let language = attribute(attributes, "lang").unwrap_or(self.language);
        let direction = attribute(attributes, "dir").filter(|direction| *direction == "rtl").unwrap_or("ltr");
        let (blanks, inside) = leading_blanks(inside);
        let head = inside.strip_prefix("<mj-head").and_then(|rest| rest.split_once('>'));
        let (own_head, rest) = match head {
            Some((attributes, rest)) => (!attributes.ends_with('/'), rest),
            None => (false, inside),
        };
        let end_of_head = if own_head { "" } else { "</mj-head>" };
        let (title, defaults) = (escape::to_html(self.title), self.head);
        let breaks: String = attributes.matches('\n').collect();
        Ok(format!(
            "{leading}<mjml lang=\"{language}\" dir=\"{direction}\">{breaks}{blanks}\
             <mj-head><mj-title>{title}</mj-title>{defaults}{end_of_head}{rest}"
        ))
    }

    /// The whole document: the author's part in a box (the body's content, its links placed), and below it, outside of all that is the
    /// author's, the footer and the pixel.
    pub(crate) fn page(&self, body: &Body, content: &str, footer: &str, pixel: &str) -> String {
        let Body { opening, ground, at_rules, .. } = body;
        let title = escape::to_html(self.title);
        let at_rules =
            if at_rules.is_empty() { String::new() } else { format!("<style type=\"text/css\">{at_rules}</style>") };
        format!(
            "{opening}<head><title>{title}</title>{HEAD}{at_rules}{}</head><body style=\"{BODY}{ground}\">{}\
             <div style=\"{BOX}\">{content}</div>{footer}{pixel}</body></html>\n",
            self.style_sheet,
            self.preview()
        )
    }

    /// The house's own part, in the brand's language and not in the author's.
    pub(crate) fn footer(&self, sections: &str) -> String {
        format!("<div role=\"contentinfo\" lang=\"{}\" dir=\"ltr\">{sections}</div>", self.language)
    }

    fn preview(&self) -> String {
        if self.preheader.is_empty() {
            return String::new();
        }
        format!(
            "<div style=\"display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;font-size:1px;\
             line-height:1px;\">{}{}</div>",
            escape::to_html(self.preheader),
            PADDING.repeat(40)
        )
    }
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
