use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use domain::{Actor, DkimKeyId, DnsRecord};
use secrecy::SecretBox;

use super::Algorithm;
use crate::entity::dkim_key::Model;

/// What may be shown of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub id: DkimKeyId,
    /// The `d=` of its signatures.
    pub domain: String,
    /// The `s=` of its signatures.
    pub selector: String,
    /// How it signs.
    pub algorithm: Algorithm,
    /// The public part as the record has it: SubjectPublicKeyInfo for RSA, 32 bytes for Ed25519.
    pub public: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// Since when it signs nothing any more.
    pub retired_at: Option<DateTime<Utc>>,
}

/// A key that can sign.
#[derive(Debug)]
pub struct SigningKey {
    /// What may be shown of it.
    pub info: KeyInfo,
    /// The private part, PKCS#8 in DER.
    pub private: SecretBox<Vec<u8>>,
}

impl KeyInfo {
    /// The record that has to be published for its signatures to verify (RFC 6376 §3.6.1).
    pub fn dns_record(&self) -> DnsRecord {
        let value = format!("v=DKIM1; k={}; p={}", self.algorithm.key_type(), BASE64.encode(&self.public));
        DnsRecord::txt(format!("{}._domainkey.{}", self.selector, self.domain), value)
    }
}

impl From<Model> for KeyInfo {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            domain: row.domain,
            selector: row.selector,
            algorithm: row.algorithm,
            public: row.public,
            created_at: row.created_at,
            created_by: row.created_by,
            retired_at: row.retired_at,
        }
    }
}
