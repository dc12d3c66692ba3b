use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use sea_orm::DeriveValueType;
use secrecy::SecretBox;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, DeriveValueType)]
#[sea_orm(value_type = "String")]
pub enum Algorithm {
    /// RSA with 2048 bits: what every verifier knows (RFC 8301 §3.2).
    RsaSha256,
    /// Ed25519 (RFC 8463): small and fast, but ignored by many verifiers, so never alone.
    Ed25519Sha256,
}

/// Why a text is no algorithm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an algorithm for DKIM; there are rsa-sha256 and ed25519-sha256")]
pub struct UnknownAlgorithm(String);

/// A fresh pair: PKCS#8, and the public part as the record has it.
pub(super) struct Pair {
    pub(super) private: SecretBox<Vec<u8>>,
    pub(super) public: Vec<u8>,
}

impl Algorithm {
    /// Both, in the order in which a mail is signed.
    pub const ALL: [Self; 2] = [Self::RsaSha256, Self::Ed25519Sha256];

    /// The name in a signature's `a=` (RFC 6376 §3.5).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
        }
    }

    /// The name in a record's `k=` (RFC 6376 §3.6.1, RFC 8463 §4).
    pub const fn key_type(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa",
            Self::Ed25519Sha256 => "ed25519",
        }
    }

    /// Makes a key. An RSA key takes a good part of a second.
    pub(super) fn generate(self) -> Result<Pair, Unspecified> {
        match self {
            Self::RsaSha256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
                let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?;
                // Signers and verifiers alike publish and expect the SubjectPublicKeyInfo, RFC 6376 erratum 3017.
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())?;
                Ok(Pair { private: secret(private.as_ref()), public: public.as_ref().to_vec() })
            }
            Self::Ed25519Sha256 => {
                let pair = Ed25519KeyPair::generate()?;
                let private = pair.to_pkcs8()?;
                // RFC 8463 §4.2: the bare 32 bytes.
                Ok(Pair { private: secret(private.as_ref()), public: pair.public_key().as_ref().to_vec() })
            }
        }
    }
}

fn secret(bytes: &[u8]) -> SecretBox<Vec<u8>> {
    SecretBox::new(Box::new(bytes.to_vec()))
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| UnknownAlgorithm(text.to_owned()))
    }
}
