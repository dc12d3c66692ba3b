use aws_lc_rs::hmac;
use domain::{EmailAddress, KeyId, MasterKeys, Purpose};

/// How an address is turned into a hash. Kept with each, so that another way can be introduced beside it.
///
/// 1: HMAC-SHA-256 (RFC 2104) over the byte 1 and the normalised address.
pub(crate) const SCHEME: i16 = 1;

/// Hashes addresses under every generation of the key. A plain hash of an address can be guessed; this one cannot, as long
/// as the master key is not in the same hands as the database.
pub(crate) struct AddressHasher {
    keys: Vec<(KeyId, hmac::Key)>,
}

/// An address under one generation of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddressHash {
    pub(crate) generation: KeyId,
    pub(crate) hash: Vec<u8>,
}

impl AddressHasher {
    pub(crate) fn new(keys: &MasterKeys) -> Self {
        let key = |id| Some((id, hmac::Key::new(hmac::HMAC_SHA256, &keys.derive(id, Purpose::Suppression)?)));
        Self { keys: keys.generations().filter_map(key).collect() }
    }

    /// The address under every generation, oldest first: suppressions of any age are found by one of them.
    pub(crate) fn all(&self, address: &EmailAddress) -> Vec<AddressHash> {
        let hash =
            |(generation, key): &(KeyId, hmac::Key)| AddressHash { generation: *generation, hash: sign(key, address) };
        self.keys.iter().map(hash).collect()
    }
}

fn sign(key: &hmac::Key, address: &EmailAddress) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    context.update(&SCHEME.to_be_bytes()[1..]);
    context.update(address.as_str().as_bytes());
    context.sign().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hasher(lines: &[&str]) -> AddressHasher {
        AddressHasher::new(&lines.join("\n").parse().unwrap())
    }

    const ONE: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

    #[test]
    fn a_hash_of_the_first_scheme_never_changes() {
        let hash = hasher(&[ONE]).all(&"ada@example.com".parse().unwrap()).remove(0);
        insta::assert_snapshot!(data_encoding::HEXLOWER.encode(&hash.hash));
    }

    proptest! {
        #[test]
        fn an_old_hash_is_found_after_a_rotation(local in "[a-z0-9.+-]{1,20}") {
            prop_assume!(format!("{local}@example.com").parse::<EmailAddress>().is_ok());
            let address: EmailAddress = format!("{local}@example.com").parse().unwrap();
            let shouted: EmailAddress = format!("{}@EXAMPLE.com", local.to_uppercase()).parse().unwrap();
            let before = hasher(&[ONE]).all(&address).remove(0);
            let after = hasher(&[ONE, TWO]);
            prop_assert!(after.all(&shouted).contains(&before));
            prop_assert_ne!(&after.all(&address)[1].hash, &before.hash);
        }

        #[test]
        fn two_addresses_have_two_hashes(one in "[a-z]{1,12}", other in "[a-z]{1,12}") {
            prop_assume!(one != other);
            let hash = |local: &str| hasher(&[ONE]).all(&format!("{local}@example.com").parse().unwrap());
            prop_assert_ne!(hash(&one), hash(&other));
        }
    }
}
