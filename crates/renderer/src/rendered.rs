/// A mail for one person, ready for [`mime::message`](crate::mime::message).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The subject: one line, no control characters.
    pub subject: String,
    /// The HTML document.
    pub html: String,
    /// The same in plain text, links written out.
    pub text: String,
}
