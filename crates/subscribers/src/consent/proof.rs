use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest;
use domain::{Actor, EmailAddress, OptInId, SubscriberId};
use serde::{Deserialize, Serialize};

use super::leaf::Digest;
use crate::private::Stars;

/// The part of an entry that says who it is about, and by what it is proved. It is erased with the person.
///
/// The canonical form is JSON without white space, its fields in the order below. It is stored as it was hashed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Who acted.
    pub actor: Actor,
    /// The address as it was then.
    pub email: EmailAddress,
    /// From where.
    pub ip: Option<IpAddr>,
    /// What staff or a program stated beside it, such as where a list comes from.
    pub note: Option<String>,
    /// The request that the act belongs to.
    pub opt_in: Option<OptInId>,
    /// By which door, such as `one_click`.
    pub source: Option<String>,
    /// The person.
    pub subscriber: SubscriberId,
    /// What the browser or program called itself.
    pub user_agent: Option<String>,
    /// SHA-256 over the form version that the person saw, in hexadecimal: its words cannot be changed afterwards.
    pub words: Option<String>,
}

impl Proof {
    /// The canonical form.
    pub(crate) fn to_canonical(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads the canonical form.
    pub(crate) fn from_canonical(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Masked: whose it is, and nothing of where they were or of what was said about them.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, email, ip, note, opt_in, source, subscriber, user_agent, words } = self;
        f.debug_struct("Proof")
            .field("actor", actor)
            .field("email", email)
            .field("ip", &Stars::over(ip.as_ref()))
            .field("note", &Stars::over(note.as_ref()))
            .field("opt_in", opt_in)
            .field("source", source)
            .field("subscriber", subscriber)
            .field("user_agent", &Stars::over(user_agent.as_ref()))
            .field("words", words)
            .finish()
    }
}

/// H(salt ‖ evidence): without the salt nobody can find out by trying whose entry it is.
pub(crate) fn evidence_digest(salt: &[u8], evidence: &str) -> Digest {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"eshot/consent/evidence/v1\0");
    context.update(salt);
    context.update(evidence.as_bytes());
    Digest::from(context.finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proof(note: Option<String>, user_agent: Option<String>) -> Proof {
        Proof {
            actor: Actor::Operator,
            email: "ada@example.com".parse().unwrap(),
            ip: Some("192.0.2.7".parse().unwrap()),
            note,
            opt_in: None,
            source: Some("form".to_owned()),
            subscriber: SubscriberId::NOBODY,
            user_agent,
            words: None,
        }
    }

    #[test]
    fn the_canonical_form_never_changes() {
        insta::assert_snapshot!(proof(None, Some("Mozilla/5.0 \"quoted\"".to_owned())).to_canonical().unwrap());
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_read_back_and_written_again_the_same(note: Option<String>, agent: Option<String>) {
            let text = proof(note, agent).to_canonical().unwrap();
            prop_assert_eq!(Proof::from_canonical(&text).unwrap().to_canonical().unwrap(), text);
        }

        #[test]
        fn neither_salt_nor_evidence_can_be_exchanged(salt: [u8; 32], other: [u8; 32], a: String, b: String) {
            prop_assume!(salt != other && a != b);
            prop_assert_ne!(evidence_digest(&salt, &a), evidence_digest(&other, &a));
            prop_assert_ne!(evidence_digest(&salt, &a), evidence_digest(&salt, &b));
        }
    }
}
