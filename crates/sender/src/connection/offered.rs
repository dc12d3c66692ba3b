use std::fmt;

use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::extension::{Extension, ServerInfo};

/// What a relay's EHLO offers (RFC 5321 §4.1.1.1), as far as we use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    keywords: Vec<String>,
    /// Encryption, RFC 3207.
    pub starttls: bool,
    /// Parameters for delivery reports, RFC 3461.
    pub dsn: bool,
    /// Saying beforehand how big a message is, RFC 1870.
    pub size: bool,
    /// Addresses beyond ASCII, RFC 6531.
    pub smtputf8: bool,
    /// Several commands in one go, RFC 2920.
    pub pipelining: bool,
    /// A login by name and password.
    pub auth: bool,
    /// A login by name and access token.
    pub xoauth2: bool,
}

impl Offered {
    /// Reads the lines of an answer to EHLO; the first one is a greeting.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut offered = Self::default();
        for line in lines.skip(1) {
            let mut words = line.split_whitespace();
            let Some(keyword) = words.next().map(str::to_ascii_uppercase) else { continue };
            match keyword.as_str() {
                "STARTTLS" => offered.starttls = true,
                "DSN" => offered.dsn = true,
                "SIZE" => offered.size = true,
                "SMTPUTF8" => offered.smtputf8 = true,
                "PIPELINING" => offered.pipelining = true,
                "AUTH" => {
                    for way in words {
                        offered.auth |= matches!(way, "PLAIN" | "LOGIN");
                        offered.xoauth2 |= way.eq_ignore_ascii_case("XOAUTH2");
                    }
                }
                _ => {}
            }
            offered.keywords.push(keyword);
        }
        offered
    }

    /// What lettre remembers of an answer to EHLO.
    pub(super) fn told(info: &ServerInfo) -> Self {
        let has = |extension| info.supports_feature(extension);
        let can = |mechanism| info.supports_auth_mechanism(mechanism);
        let (auth, xoauth2) = (can(Mechanism::Plain) || can(Mechanism::Login), can(Mechanism::Xoauth2));
        let (starttls, smtputf8) = (has(Extension::StartTls), has(Extension::SmtpUtfEight));
        let eight_bit = has(Extension::EightBitMime);
        let known =
            [("STARTTLS", starttls), ("SMTPUTF8", smtputf8), ("8BITMIME", eight_bit), ("AUTH", auth || xoauth2)];
        let keywords = known.into_iter().filter(|(_, has)| *has).map(|(keyword, _)| keyword.to_owned()).collect();
        Self { keywords, starttls, smtputf8, auth, xoauth2, ..Self::default() }
    }
}

impl fmt::Display for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keywords.is_empty() {
            f.write_str("offers no extensions")
        } else {
            write!(f, "offers {}", self.keywords.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_found_in_any_case_and_the_greeting_is_none_of_it() {
        let offered =
            Offered::read(["DSN.example.com SIZE", "size 1000", "Dsn", "AUTH LOGIN XOAUTH2", " "].into_iter());
        assert!(offered.dsn && offered.size && offered.auth && offered.xoauth2 && !offered.pipelining);
        assert_eq!(offered.to_string(), "offers SIZE, DSN, AUTH");
    }
}
