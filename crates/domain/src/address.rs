use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// A mailbox as RFC 5321 §4.1.2 writes it, normalised so that equal people compare equal.
///
/// The domain is turned into A-labels (RFC 5891) and the whole address is lower-cased: no mailbox provider of note tells
/// addresses apart by case, and a person who types `Ada@` once and `ada@` the next time means one mailbox.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType)]
#[serde(try_from = "String", into = "String")]
#[sea_orm(value_type = "String")]
pub struct EmailAddress(String);

/// Why a text is no address that mail can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// There is nothing in it.
    #[error("an email address is missing")]
    Empty,
    /// RFC 5321 §4.5.3.1.3 allows 254 octets between the angle brackets.
    #[error("an email address has at most 254 characters, this one has {0}")]
    TooLong(usize),
    /// It does not read as `local@domain`.
    #[error("this is not an email address; one looks like name@example.com")]
    Syntax,
    /// The domain cannot exist in the DNS.
    #[error("the part behind the @ is not a domain name")]
    Domain,
}

/// Why no mail of ours reaches a mailbox that may well exist.
///
/// A local part beyond ASCII travels only where every hop offers SMTPUTF8 (RFC 6531 §3.2), and neither an envelope nor a header
/// of ours is written for it. Such an address is one all the same: reports name them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no mail can be sent to this address: before its @ stands a letter beyond ASCII, which takes SMTPUTF8 (RFC 6531)"
)]
pub struct Unreachable;

impl EmailAddress {
    /// Asks whether mail of ours can be written to it, and from it. Whoever becomes a subscriber, or is written to otherwise, is
    /// asked about first.
    pub fn check_reachable(&self) -> Result<(), Unreachable> {
        if self.0.is_ascii() { Ok(()) } else { Err(Unreachable) }
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.split().0
    }

    /// The part behind the `@`, in A-labels.
    pub fn domain(&self) -> &str {
        self.split().1
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as lettre takes it in an envelope.
    pub fn to_lettre(&self) -> Result<lettre::Address, InvalidAddress> {
        lettre::Address::new(self.local_part(), self.domain()).map_err(|_| InvalidAddress::Syntax)
    }

    /// The address of another mailbox in the same domain, whose local part is one of our own making: small letters, digits and
    /// hyphens, which need none of the looks that somebody else's text needs.
    pub fn neighbour(&self, local_part: &str) -> Result<Self, InvalidAddress> {
        let domain = self.domain();
        let length = local_part.len() + 1 + domain.len();
        let plain = local_part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if local_part.is_empty() || local_part.len() > 64 || !plain {
            return Err(InvalidAddress::Syntax);
        }
        if length > 254 {
            return Err(InvalidAddress::TooLong(length));
        }
        Ok(Self([local_part, "@", domain].concat()))
    }

    /// The form for logs: enough to recognise, too little to write to.
    pub fn masked(&self) -> Masked<'_> {
        Masked(self)
    }

    fn split(&self) -> (&str, &str) {
        // Parsing has proved that there is an `@`.
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidAddress::Empty);
        }
        if text.len() > 254 {
            return Err(InvalidAddress::TooLong(text.len()));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::Syntax)?;
        let domain = mail_domain(domain)?;
        let local = local.to_lowercase();
        // Quoted local parts are legal, never asked for, and a way to smuggle characters through other people's parsers.
        if local.len() > 64 || local.contains(|c: char| c == '"' || c.is_control() || c.is_whitespace()) {
            return Err(InvalidAddress::Syntax);
        }
        lettre::Address::new(&local, &domain).map_err(|_| InvalidAddress::Syntax)?;
        Ok(Self(format!("{local}@{domain}")))
    }
}

/// A domain that can take mail, as addresses have it: in A-labels (RFC 5891), small letters, without a dot at the end.
pub fn mail_domain(text: &str) -> Result<String, InvalidAddress> {
    let domain = idna::domain_to_ascii_strict(text).map_err(|_| InvalidAddress::Domain)?;
    if is_mail_domain(&domain) { Ok(domain) } else { Err(InvalidAddress::Domain) }
}

/// At least two labels, and a last one that is no number: bare hosts and address literals take no mail of ours.
fn is_mail_domain(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let Some(last) = labels.next() else { return false };
    labels.next().is_some()
        && domain.split('.').all(|label| !label.is_empty())
        && last.chars().any(|c| c.is_ascii_alphabetic())
}

/// Masked: `{:?}` ends up in logs and in panics.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({})", self.masked())
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// An address with all but its first letters and its last label starred out.
pub struct Masked<'a>(&'a EmailAddress);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |text: &str| text.chars().next().unwrap_or('*');
        let domain = self.0.domain();
        let last = domain.rsplit('.').next().unwrap_or_default();
        write!(f, "{}***@{}***.{last}", first(self.0.local_part()), first(domain))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_mailbox_has_one_spelling() {
        for (typed, kept) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("  ada+news@example.com ", "ada+news@example.com"),
            ("info@bücher.example", "info@xn--bcher-kva.example"),
        ] {
            assert_eq!(typed.parse::<EmailAddress>().map(String::from), Ok(kept.to_owned()), "{typed}");
        }
    }

    #[test]
    fn what_is_shown_for_debugging_is_masked() {
        let address: EmailAddress = "ada@example.com".parse().unwrap();
        assert_eq!(format!("{:?}", Some(address)), "Some(EmailAddress(a***@e***.com))");
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for (typed, why) in [
            ("", InvalidAddress::Empty),
            ("ada", InvalidAddress::Syntax),
            ("ada@", InvalidAddress::Domain),
            ("ada@localhost", InvalidAddress::Domain),
            ("ada@127.0.0.1", InvalidAddress::Domain),
            ("ada@exa mple.com", InvalidAddress::Domain),
            ("a\r\nBcc: b@example.com@example.com", InvalidAddress::Syntax),
            ("\"a b\"@example.com", InvalidAddress::Syntax),
        ] {
            assert_eq!(typed.parse::<EmailAddress>(), Err(why), "{typed:?}");
        }
    }

    #[test]
    fn a_local_part_beyond_ascii_is_an_address_that_no_mail_reaches() {
        let check = |text: &str| text.parse::<EmailAddress>().unwrap().check_reachable();
        assert_eq!(check("jörg@example.com"), Err(Unreachable));
        assert_eq!(check("joerg@bücher.example"), Ok(()));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_stable(text in ".{0,80}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert_eq!(address.as_str().parse::<EmailAddress>(), Ok(address.clone()));
                prop_assert!(!address.as_str().contains(['\r', '\n', ' ']));
            }
        }
    }
}
