use chrono::{DateTime, Utc};
use mail_auth::common::crypto::{HashAlgorithm, SigningKey};
use mail_auth::common::headers::{HeaderStream, Writable, Writer};
use mail_auth::dkim::{DkimSigner, Done, Signature};

/// What every key signs of a message (RFC 6376 §3.7), in its canonical form.
pub(super) struct Canonical {
    /// The names of the signed fields, as `h=` lists them.
    fields: Vec<String>,
    headers: Vec<u8>,
    body_hash: Vec<u8>,
}

impl Canonical {
    /// What signatures like the template sign of this message: all its fields, absent ones too, save for one that is left out
    /// where it is absent.
    pub(super) fn of(raw: &[u8], template: &Signature, where_present: &str) -> Self {
        let (_, canonical, mut fields, body) = template.canonicalize(Fields { rest: raw });
        let is_present = Fields { rest: raw }.any(|name| name.eq_ignore_ascii_case(where_present.as_bytes()));
        fields.retain(|field| is_present || !field.eq_ignore_ascii_case(where_present));
        let mut headers = Vec::with_capacity(2048);
        canonical.write(&mut headers);
        Self { fields, headers, body_hash: HashAlgorithm::Sha256.hash(body).as_ref().to_vec() }
    }

    /// The signature of one key.
    pub(super) fn sign<K: SigningKey>(
        &self,
        signer: &DkimSigner<K, Done>,
        now: DateTime<Utc>,
    ) -> mail_auth::Result<Signature> {
        let mut signature = signer.template.clone();
        signature.bh.clone_from(&self.body_hash);
        signature.h.clone_from(&self.fields);
        signature.t = u64::try_from(now.timestamp()).unwrap_or_default();
        signature.b = signer.key.sign(Signed { headers: &self.headers, signature: &signature })?;
        Ok(signature)
    }
}

/// The fields and, last, the signature itself without its `b=`.
struct Signed<'a> {
    headers: &'a [u8],
    signature: &'a Signature,
}

impl Writable for Signed<'_> {
    fn write(self, writer: &mut impl Writer) {
        writer.write(self.headers);
        self.signature.write(writer, false);
    }
}

/// The fields of a message whose lines end in CRLF, and what is left of it: at the end, its body.
struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    fn any(mut self, is_it: impl Fn(&[u8]) -> bool) -> bool {
        std::iter::from_fn(|| self.next_header()).any(|(name, _)| is_it(name))
    }
}

impl<'a> HeaderStream<'a> for Fields<'a> {
    fn next_header(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        if self.rest.is_empty() || self.rest.starts_with(b"\r\n") {
            return None;
        }
        // A line that begins with a blank goes on with the field before it (RFC 5322 §2.2.3).
        let ends = |at: &usize| !matches!(self.rest.get(at + 1), Some(b' ' | b'\t'));
        let mut breaks = self.rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
        let end = breaks.find(ends).map_or(self.rest.len(), |at| at + 1);
        let (field, rest) = self.rest.split_at(end);
        self.rest = rest;
        let colon = field.iter().position(|byte| *byte == b':')?;
        Some((&field[..colon], &field[colon + 1..]))
    }

    fn body(&mut self) -> &'a [u8] {
        self.rest.strip_prefix(b"\r\n").unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use mail_auth::common::crypto::Ed25519Key;

    use super::*;

    /// Signing for many keys at once leaves nothing out and adds nothing: mail-auth's own function is the oracle.
    #[test]
    fn a_signature_is_the_one_that_mail_auth_makes() {
        let key = Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap();
        let signer =
            DkimSigner::from_key(key).domain("example.com").selector("s").headers(["From", "To", "Cc", "From"]);
        let head = "From: Ada\t <ada@example.com>\r\nX-Other: 1\r\nTO:bob@example.org,\r\n \teve@example.org\r\n";
        for body in ["", "\r\n", "\r\nHello  there \r\n.\r\n\r\n\r\n", "\r\n\r\n\r\n", "\r\n x: y\r\nz"] {
            let raw = format!("{head}{body}");
            let theirs = signer.sign(raw.as_bytes()).unwrap();
            let at = DateTime::from_timestamp(theirs.t.try_into().unwrap(), 0).unwrap();
            let ours = Canonical::of(raw.as_bytes(), &signer.template, "X-Original-To").sign(&signer, at).unwrap();
            assert_eq!(ours, theirs, "{raw:?}");
        }
    }

    #[test]
    fn a_folded_field_is_one_and_the_body_is_what_follows_the_empty_line() {
        let mut fields = Fields { rest: b"A: b\r\n c\r\nD:e\r\n\r\n\r\nF: g\r\n" };
        assert_eq!(fields.next_header(), Some((&b"A"[..], &b" b\r\n c\r\n"[..])));
        assert_eq!(fields.next_header(), Some((&b"D"[..], &b"e\r\n"[..])));
        assert_eq!(fields.next_header(), None);
        assert_eq!(fields.body(), b"\r\nF: g\r\n");
    }
}
