use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, rand};
use data_encoding::BASE64URL_NOPAD;
use secrecy::SecretString;

/// What every token begins with, so that scanners for leaked secrets know one when they see it.
const PREFIX: &str = "eshot_";

/// A fresh token: 32 random bytes in 43 letters.
pub(super) fn generate() -> Result<SecretString, Unspecified> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)?;
    Ok(SecretString::from(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))))
}

/// What is kept of a token. It has 256 random bits, so that a slow hash would only slow us down.
pub(super) fn hash(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// Whether a text can be a token at all.
pub(super) fn is_well_formed(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|letters| BASE64URL_NOPAD.decode(letters.as_bytes()).is_ok_and(|b| b.len() == 32))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_token_is_well_formed_and_never_the_same() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert!(is_well_formed(one.expose_secret()));
        assert_eq!(one.expose_secret().len(), 49);
        assert_ne!(one.expose_secret(), two.expose_secret());
    }

    #[test]
    fn anything_else_is_not() {
        for text in ["", "eshot_", "eshot_short", &"x".repeat(49), &format!("eshot_{}", "!".repeat(43))] {
            assert!(!is_well_formed(text), "{text}");
        }
    }
}
