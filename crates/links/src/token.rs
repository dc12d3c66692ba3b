use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD_NOCASE;
use domain::{InvalidAddress, KeyId, MasterKeys, Purpose};

/// 80 bits: enough that nobody guesses one, little enough for a local part.
const MAC: usize = 10;

/// Writes and reads every link and return path. Keys are derived once, so a clone per worker costs little.
#[derive(Clone, Debug)]
pub struct Links {
    pub(crate) return_path: Ring,
    pub(crate) envelope_id: Ring,
    pub(crate) message_id: Ring,
    pub(crate) unsubscribe: Ring,
    pub(crate) preferences: Ring,
    pub(crate) confirm: Ring,
    pub(crate) access: Ring,
    pub(crate) view: Ring,
    pub(crate) click: Ring,
    pub(crate) anonymous_click: Ring,
    pub(crate) open: Ring,
}

/// Why what returned is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not read as a token of this layout: cut off, mistyped, or somebody else's.
    #[error("it is no token of ours, or not a whole one")]
    Malformed,
    /// The generation of the master key that it names is not given (any more).
    #[error("it was made under master key {}, which is not given", .0.0)]
    UnknownKey(KeyId),
    /// The MAC does not fit: changed, forged, or made for another purpose.
    #[error("its signature is not ours for this purpose")]
    Forged,
}

/// Why an address or a link cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A mailing's number has to be from 0 to 4294967295.
    #[error("mailing {0} does not fit the 32 bits of a token")]
    Mailing(i64),
    /// An ordinal has to be from 0 to 1099511627775.
    #[error("ordinal {0} does not fit the 40 bits of a token")]
    Ordinal(i64),
    /// The address is none.
    #[error("the address cannot be written")]
    Address(#[from] InvalidAddress),
}

impl Links {
    /// Derives the keys of every trusted generation.
    pub fn new(keys: &MasterKeys) -> Self {
        let ring = |purpose| Ring::new(keys, purpose);
        Self {
            return_path: ring(Purpose::ReturnPath),
            envelope_id: ring(Purpose::EnvelopeId),
            message_id: ring(Purpose::MessageId),
            unsubscribe: ring(Purpose::Unsubscribe),
            preferences: ring(Purpose::Preferences),
            confirm: ring(Purpose::Confirm),
            access: ring(Purpose::Access),
            view: ring(Purpose::View),
            click: ring(Purpose::Click),
            anonymous_click: ring(Purpose::AnonymousClick),
            open: ring(Purpose::Open),
        }
    }
}

/// The keys of one purpose: one that signs, and all that are believed.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    current: (u8, hmac::Key),
    older: Vec<(u8, hmac::Key)>,
}

impl Ring {
    fn new(keys: &MasterKeys, purpose: Purpose) -> Self {
        let hmac_key = |bytes: [u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let older = keys.generations().filter(|id| *id != keys.current());
        Self {
            current: (octet(keys.current()), hmac_key(keys.derive_current(purpose))),
            older: older.filter_map(|id| Some((octet(id), hmac_key(keys.derive(id, purpose)?)))).collect(),
        }
    }

    /// The token for a payload: payload, key id, MAC over both, in small letters.
    pub(crate) fn sign<const N: usize>(&self, payload: &[u8; N]) -> String {
        let (id, key) = &self.current;
        let mut token = Vec::with_capacity(N + 1 + MAC);
        token.extend_from_slice(payload);
        token.push(*id);
        let mac = hmac::sign(key, &token);
        token.extend_from_slice(&mac.as_ref()[..MAC]);
        let mut letters = BASE32_NOPAD_NOCASE.encode(&token);
        letters.make_ascii_lowercase();
        letters
    }

    /// The payload of a token, in whatever case it came back. The MAC is compared in constant time.
    pub(crate) fn read<const N: usize>(&self, token: &str) -> Result<[u8; N], Refused> {
        let bytes = BASE32_NOPAD_NOCASE.decode(token.as_bytes()).map_err(|_| Refused::Malformed)?;
        let (payload, rest) = bytes.split_first_chunk::<N>().ok_or(Refused::Malformed)?;
        let (id, mac) = rest.split_first().ok_or(Refused::Malformed)?;
        if mac.len() != MAC {
            return Err(Refused::Malformed);
        }
        let key = self.key(*id).ok_or(Refused::UnknownKey(KeyId(i16::from(*id))))?;
        let expected = hmac::sign(key, &bytes[..N + 1]);
        verify_slices_are_equal(&expected.as_ref()[..MAC], mac).map_err(|_| Refused::Forged)?;
        Ok(*payload)
    }

    fn key(&self, id: u8) -> Option<&hmac::Key> {
        std::iter::once(&self.current).chain(&self.older).find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

/// Master keys have ids from 1 to 255, so the low octet is all of one.
fn octet(id: KeyId) -> u8 {
    id.0.to_be_bytes()[1]
}
