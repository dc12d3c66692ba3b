//! A message written straight into its bytes, as lettre's builder would write it.

use data_encoding::BASE64_MIME;
use lettre::message::header::ContentTransferEncoding;

use super::{Headers, MimeError, body, header, quoted_printable};

/// What a part holds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Plain,
    Html,
}

/// The parts of a multipart/alternative message, one after the other.
pub(crate) struct Parts<'a> {
    out: &'a mut Vec<u8>,
    boundary: String,
}

impl<'a> Parts<'a> {
    /// Writes the head of the message.
    pub(crate) fn begin(headers: &Headers, subject: &str, out: &'a mut Vec<u8>) -> Result<Self, MimeError> {
        header::write(headers, subject, out)?;
        let boundary = body::boundary(&headers.message_id);
        for part in
            ["MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"", boundary.as_str(), "\"\r\n\r\n"]
        {
            out.extend_from_slice(part.as_bytes());
        }
        Ok(Self { out, boundary })
    }

    /// A text in the encoding that suits it.
    pub(crate) fn text(&mut self, media: Media, text: &str) {
        let text = body::normalised(text);
        match body::encoding(&text) {
            ContentTransferEncoding::Base64 => self.base64(media, &text),
            _ => self.quoted_printable(media, |out| {
                quoted_printable::encode(&text, 0, out);
            }),
        }
    }

    /// A text that writes itself, in quoted-printable.
    pub(crate) fn quoted_printable<T>(&mut self, media: Media, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.open(media, "quoted-printable");
        let written = write(self.out);
        self.out.extend_from_slice(b"\r\n");
        written
    }

    /// Closes the last part.
    pub(crate) fn end(self) {
        for part in ["--", self.boundary.as_str(), "--\r\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    fn base64(&mut self, media: Media, text: &str) {
        self.open(media, "base64");
        let text = text.replace('\n', "\r\n");
        let start = self.out.len();
        self.out.resize(start + BASE64_MIME.encode_len(text.len()), 0);
        // It ends its last line itself.
        BASE64_MIME.encode_mut(text.as_bytes(), &mut self.out[start..]);
    }

    fn open(&mut self, media: Media, encoding: &str) {
        let media = match media {
            Media::Plain => "plain",
            Media::Html => "html",
        };
        let (before, between) = ("\r\nContent-Type: text/", "; charset=utf-8\r\nContent-Transfer-Encoding: ");
        for part in ["--", self.boundary.as_str(), before, media, between, encoding, "\r\n\r\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}
