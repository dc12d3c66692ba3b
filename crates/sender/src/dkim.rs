//! DKIM signatures (RFC 6376) over the very bytes that are sent, RSA-2048 and Ed25519 (RFC 8463) side by side.

mod canonical;

use std::fmt;

use brands::key::{Algorithm, SigningKey};
use chrono::{DateTime, Utc};
use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{Canonicalization, DkimSigner, Done, Signature};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use secrecy::ExposeSecret;

use self::canonical::Canonical;

/// The fields that are signed where they are present, and signed as absent where they are not, so that nobody adds one.
const SIGNED: [&str; 19] = [
    "From",
    "To",
    "Cc",
    "Sender",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
];

/// The fields that are there and are named once more than they occur (RFC 6376 §5.4.2): a second one, which a mail program
/// might show instead, breaks the signature.
const ONCE_MORE: [&str; 9] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Message-ID",
];

/// Signed where it is present and only there. A server on the way may add one of its own to a mail that has none, as Postfix
/// does for an alias (postconf(5), `enable_original_recipient`), and must not break the signature by it.
const WHERE_PRESENT: &str = "X-Original-To";

/// The keys of one domain, ready to sign.
pub struct Signer {
    keys: Vec<Key>,
}

enum Key {
    Rsa(Box<DkimSigner<RsaKey<Sha256>, Done>>),
    Ed25519(Box<DkimSigner<Ed25519Key, Done>>),
}

/// Why a key does not sign.
#[derive(Debug, thiserror::Error)]
pub enum DkimError {
    /// The private key is not what its algorithm says.
    #[error("the DKIM key {selector}._domainkey.{domain} cannot be read")]
    Key {
        /// Its selector.
        selector: String,
        /// Its domain.
        domain: String,
        /// What is wrong with it.
        #[source]
        source: mail_auth::Error,
    },
    /// The message could not be signed.
    #[error("the message cannot be signed")]
    Sign(#[source] mail_auth::Error),
}

impl Signer {
    /// A signer with all these keys; each adds a signature of its own. With none, messages stay as they are.
    pub fn new(keys: &[SigningKey]) -> Result<Self, DkimError> {
        let key = |key| {
            Key::new(key).map_err(|source| DkimError::Key {
                selector: key.info.selector.clone(),
                domain: key.info.domain.clone(),
                source,
            })
        };
        Ok(Self { keys: keys.iter().map(key).collect::<Result<_, _>>()? })
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether signing takes longer than all else that is done for a message: 0.3 ms for RSA-2048, a seventh of that for Ed25519.
    pub(crate) fn is_slow(&self) -> bool {
        self.keys.iter().any(|key| matches!(key, Key::Rsa(_)))
    }

    /// The message with its signatures on top, made `now`.
    pub fn sign(&self, mut raw: Vec<u8>, now: DateTime<Utc>) -> Result<Vec<u8>, DkimError> {
        if let Some(first) = self.keys.first() {
            // All keys sign the same fields in the same way, so what they sign is read and hashed once.
            let canonical = Canonical::of(&raw, first.template(), WHERE_PRESENT);
            let mut signatures = Vec::with_capacity(self.keys.len() * 1024);
            for key in &self.keys {
                key.sign(&canonical, now)?.write_header(&mut signatures);
            }
            raw.splice(..0, signatures);
        }
        Ok(raw)
    }
}

impl Key {
    fn new(key: &SigningKey) -> mail_auth::Result<Self> {
        let der = key.private.expose_secret();
        Ok(match key.info.algorithm {
            Algorithm::RsaSha256 => {
                let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.as_slice()));
                Self::Rsa(Box::new(signer(RsaKey::<Sha256>::from_key_der(der)?, key)))
            }
            Algorithm::Ed25519Sha256 => Self::Ed25519(Box::new(signer(Ed25519Key::from_pkcs8_der(der)?, key))),
        })
    }

    fn template(&self) -> &Signature {
        match self {
            Self::Rsa(signer) => &signer.template,
            Self::Ed25519(signer) => &signer.template,
        }
    }

    fn sign(&self, canonical: &Canonical, now: DateTime<Utc>) -> Result<Signature, DkimError> {
        match self {
            Self::Rsa(signer) => canonical.sign(signer, now),
            Self::Ed25519(signer) => canonical.sign(signer, now),
        }
        .map_err(DkimError::Sign)
    }
}

fn signer<K: mail_auth::common::crypto::SigningKey>(key: K, of: &SigningKey) -> DkimSigner<K, Done> {
    // Relaxed twice: relays fold headers and trim lines, and a signature should survive that. No l= and no x=: the first lets
    // text be added, the second would have to outlast every retry.
    DkimSigner::from_key(key)
        .domain(&of.info.domain)
        .selector(&of.info.selector)
        .headers(SIGNED.into_iter().chain(ONCE_MORE).chain([WHERE_PRESENT]))
        .header_canonicalization(Canonicalization::Relaxed)
        .body_canonicalization(Canonicalization::Relaxed)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
