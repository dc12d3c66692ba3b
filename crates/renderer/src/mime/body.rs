use std::borrow::Cow;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, SinglePart};

/// A part that every relay passes on as it is: no 8-bit characters, no long lines.
pub(super) fn part(content_type: ContentType, text: &str) -> SinglePart {
    let text = normalised(text).into_owned();
    let encoding = encoding(&text);
    // Both encodings take any text, so the answer is always the first.
    let body = Body::new_with_encoding(text, encoding).unwrap_or_else(|bytes| {
        Body::new_with_encoding(bytes, ContentTransferEncoding::Base64).unwrap_or_else(Body::new)
    });
    SinglePart::builder().content_type(content_type).body(body)
}

/// A boundary that no part can contain: `=_` is neither quoted-printable nor base64 (RFC 2045 §6.7).
pub(super) fn boundary(message_id: &str) -> String {
    format!("=_{}", message_id.chars().filter(char::is_ascii_alphanumeric).take(40).collect::<String>())
}

/// Quoted-printable keeps Latin text readable, base64 is shorter for most others.
pub(crate) fn encoding(text: &str) -> ContentTransferEncoding {
    if count(text, |byte| !byte.is_ascii() | (byte == b'=')) * 2 > text.len() / 3 {
        ContentTransferEncoding::Base64
    } else {
        ContentTransferEncoding::QuotedPrintable
    }
}

/// One kind of line break, no NUL. lettre turns the line breaks into CRLF.
pub(crate) fn normalised(text: &str) -> Cow<'_, str> {
    if count(text, |byte| (byte == b'\r') | (byte == 0)) > 0 {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// How many bytes are such. In pieces that a byte can count: that way it goes over many bytes at a time.
fn count(text: &str, is_such: impl Fn(u8) -> bool) -> usize {
    let pieces = text.as_bytes().chunks(usize::from(u8::MAX));
    pieces.map(|piece| usize::from(piece.iter().map(|byte| u8::from(is_such(*byte))).sum::<u8>())).sum()
}
