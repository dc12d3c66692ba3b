use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{hmac, rand};
use sea_orm::DeriveValueType;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};

/// Which generation of the master key made a thing. Every token and sealed secret carries it, so that keys can rotate.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct KeyId(pub i16);

/// What a derived key is for. A key of one purpose proves nothing for another.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The VERP return path of a delivery.
    ReturnPath,
    /// The envelope id of a delivery, which relays read and reports give back.
    EnvelopeId,
    /// The Message-ID of a delivery, which every reader of the mail sees.
    MessageId,
    /// Leaving a topic or all of a brand.
    Unsubscribe,
    /// The preferences page as a footer's link opens it.
    Preferences,
    /// Confirming an opt-in.
    Confirm,
    /// A single-use link mailed to the address itself.
    Access,
    /// A mailing's page in the browser.
    View,
    /// A followed link, of one delivery.
    Click,
    /// A followed link, of nobody in particular.
    AnonymousClick,
    /// An opened mail, of one delivery.
    Open,
    /// The time at which a sign-up form was handed out.
    FormStamp,
    /// The keyed hash of a suppressed address.
    Suppression,
    /// Secrets kept in the database.
    Secrets,
    /// The signature over the head of the consent ledger.
    ConsentSeal,
}

impl Purpose {
    /// The label that goes into the derivation. Changing one makes every token of that purpose void.
    const fn label(self) -> &'static str {
        match self {
            Self::ReturnPath => "eshot/v1/return-path",
            Self::EnvelopeId => "eshot/v1/envelope-id",
            Self::MessageId => "eshot/v1/message-id",
            Self::Unsubscribe => "eshot/v1/unsubscribe",
            Self::Preferences => "eshot/v1/preferences",
            Self::Confirm => "eshot/v1/confirm",
            Self::Access => "eshot/v1/access",
            Self::View => "eshot/v1/view",
            Self::Click => "eshot/v1/click",
            Self::AnonymousClick => "eshot/v1/anonymous-click",
            Self::Open => "eshot/v1/open",
            Self::FormStamp => "eshot/v1/form-stamp",
            Self::Suppression => "eshot/v1/suppression",
            Self::Secrets => "eshot/v1/secrets",
            Self::ConsentSeal => "eshot/v1/consent-seal",
        }
    }
}

/// Every generation of the master key that is still trusted. All other keys are derived from these (RFC 5869).
///
/// As text: one `ID:BASE64` a line, 32 bytes each, `#` starts a comment; the highest id is used for what is made anew.
/// Taking a line out retires that generation: what it made is no longer recognised.
pub struct MasterKeys {
    current: (KeyId, SecretBox<[u8; 32]>),
    older: BTreeMap<KeyId, SecretBox<[u8; 32]>>,
}

/// Why a text holds no master keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// No line holds a key.
    #[error("there is no master key; `eshot key master` makes one")]
    Empty,
    /// A line does not read as a key.
    #[error("line {0} of the master key is not ID:BASE64 with an id from 1 to 255 and 32 bytes in base64")]
    Line(usize),
    /// Two lines claim one id.
    #[error("line {0} of the master key repeats an id")]
    Repeated(usize),
}

/// Why a sealed secret cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The generation that sealed it is not among the master keys.
    #[error("it was sealed under master key {}, which is not given", .0.0)]
    UnknownKey(KeyId),
    /// It was changed, or belongs to something else.
    #[error("it does not open: changed, or not what it is taken for")]
    Broken,
}

impl MasterKeys {
    /// The generation that makes new things.
    pub fn current(&self) -> KeyId {
        self.current.0
    }

    /// Every trusted generation, oldest first.
    pub fn generations(&self) -> impl Iterator<Item = KeyId> {
        self.older.keys().copied().chain([self.current.0])
    }

    /// The key for `purpose` of one generation, or none if that generation is not trusted (any more).
    pub fn derive(&self, id: KeyId, purpose: Purpose) -> Option<[u8; 32]> {
        if id == self.current.0 {
            return Some(self.derive_current(purpose));
        }
        self.older.get(&id).map(|master| derive(master, purpose))
    }

    /// The key for `purpose` of the generation that makes new things.
    pub fn derive_current(&self, purpose: Purpose) -> [u8; 32] {
        derive(&self.current.1, purpose)
    }

    /// Encrypts a secret for the database, bound to `name`: it opens under no other name.
    ///
    /// Layout: key id (1), nonce (12), AES-256-GCM ciphertext and tag.
    pub fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.secrets_key(self.current())?;
        let mut nonce = [0; 12];
        rand::fill(&mut nonce).map_err(|_| SealError::Broken)?;
        let mut text = secret.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name.as_bytes()), &mut text)
            .map_err(|_| SealError::Broken)?;
        let id = u8::try_from(self.current().0).map_err(|_| SealError::UnknownKey(self.current()))?;
        Ok([&[id][..], &nonce, &text].concat())
    }

    /// The generation that a secret was sealed under.
    pub fn sealed_under(sealed: &[u8]) -> Option<KeyId> {
        sealed.first().map(|id| KeyId(i16::from(*id)))
    }

    /// Opens what [`seal`](Self::seal) made under the same name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<SecretBox<Vec<u8>>, SealError> {
        let (id, rest) = sealed.split_first().ok_or(SealError::Broken)?;
        let (nonce, text) = rest.split_first_chunk::<12>().ok_or(SealError::Broken)?;
        let key = self.secrets_key(KeyId(i16::from(*id)))?;
        let mut text = text.to_vec();
        let opened = key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(name.as_bytes()), &mut text)
            .map_err(|_| SealError::Broken)?
            .len();
        text.truncate(opened);
        Ok(SecretBox::new(Box::new(text)))
    }

    /// A line of text with a fresh key, for a new installation or a rotation.
    pub fn generate_line(id: KeyId) -> Result<String, SealError> {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| SealError::Broken)?;
        Ok(format!("{}:{}", id.0, data_encoding::BASE64.encode(&key)))
    }

    fn secrets_key(&self, id: KeyId) -> Result<LessSafeKey, SealError> {
        let key = self.derive(id, Purpose::Secrets).ok_or(SealError::UnknownKey(id))?;
        UnboundKey::new(&AES_256_GCM, &key).map(LessSafeKey::new).map_err(|_| SealError::Broken)
    }
}

impl FromStr for MasterKeys {
    type Err = InvalidKeys;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut keys = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (id, key) = parse_line(line).ok_or(InvalidKeys::Line(at + 1))?;
            if keys.insert(id, SecretBox::new(Box::new(key))).is_some() {
                return Err(InvalidKeys::Repeated(at + 1));
            }
        }
        let current = keys.pop_last().ok_or(InvalidKeys::Empty)?;
        Ok(Self { current, older: keys })
    }
}

/// HKDF-SHA256 for one block of output. RFC 5869 §2.2 and §2.3 are one HMAC each then, and neither can fail.
fn derive(master: &SecretBox<[u8; 32]>, purpose: Purpose) -> [u8; 32] {
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"eshot"), master.expose_secret());
    let info = [purpose.label().as_bytes(), &[1]].concat();
    let expanded = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref()), &info);
    let mut key = [0; 32];
    key.copy_from_slice(expanded.as_ref());
    key
}

fn parse_line(line: &str) -> Option<(KeyId, [u8; 32])> {
    let (id, key) = line.split_once(':')?;
    let id: u8 = id.trim().parse().ok().filter(|id| *id > 0)?;
    let key = data_encoding::BASE64.decode(key.trim().as_bytes()).ok()?;
    Some((KeyId(i16::from(id)), key.try_into().ok()?))
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKeys")
            .field("current", &self.current())
            .field("older", &self.older.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> MasterKeys {
        text.parse().unwrap()
    }

    const ONE: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

    #[test]
    fn the_highest_id_makes_new_things_and_older_ones_are_still_read() {
        let old = keys(ONE);
        let both = keys(&format!("# rotated in spring\n{ONE}\n{TWO}\n"));
        let sealed = old.seal("dkim/1", b"secret").unwrap();
        assert_eq!(MasterKeys::sealed_under(&sealed), Some(KeyId(1)));
        assert_eq!(both.current(), KeyId(2));
        assert_eq!(both.open("dkim/1", &sealed).unwrap().expose_secret(), b"secret");
    }

    #[test]
    fn a_secret_opens_only_under_its_name_and_its_key() {
        let sealed = keys(ONE).seal("dkim/1", b"secret").unwrap();
        assert_eq!(keys(ONE).open("dkim/2", &sealed).err(), Some(SealError::Broken));
        assert_eq!(keys(TWO).open("dkim/1", &sealed).err(), Some(SealError::UnknownKey(KeyId(1))));
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let keys = keys(ONE);
        assert_ne!(keys.derive(KeyId(1), Purpose::Confirm), keys.derive(KeyId(1), Purpose::Unsubscribe));
        assert_eq!(keys.derive(KeyId(9), Purpose::Confirm), None);
    }

    #[test]
    fn derivation_is_hkdf_of_rfc_5869() {
        let salt = aws_lc_rs::hkdf::Salt::new(aws_lc_rs::hkdf::HKDF_SHA256, b"eshot");
        let master: Vec<u8> = (0..32).collect();
        let mut expected = [0; 32];
        let info = [Purpose::Confirm.label().as_bytes()];
        salt.extract(&master).expand(&info, aws_lc_rs::hkdf::HKDF_SHA256).unwrap().fill(&mut expected).unwrap();
        assert_eq!(keys(ONE).derive_current(Purpose::Confirm), expected);
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!("".parse::<MasterKeys>().err(), Some(InvalidKeys::Empty));
        assert_eq!(format!("{ONE}\n1:short").parse::<MasterKeys>().err(), Some(InvalidKeys::Line(2)));
        assert_eq!(format!("{ONE}\n{ONE}").parse::<MasterKeys>().err(), Some(InvalidKeys::Repeated(2)));
    }

    #[test]
    fn keys_do_not_print() {
        assert!(!format!("{:?}", keys(ONE)).contains("AAEC"));
    }
}
