use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;
use domain::{BrandId, ConsentEventId, FormVersionId, TopicId};

use super::Act;
use crate::Basis;

/// 32 bytes of SHA-256; as text in hexadecimal.
#[derive(Copy, Clone, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// Why a text or a row holds no digest.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest has 32 bytes, 64 hexadecimal digits")]
pub struct InvalidDigest;

impl Digest {
    /// What the chain begins with.
    pub(crate) const NOTHING: Self = Self([0; 32]);

    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        Self::from(context.finish())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<digest::Digest> for Digest {
    fn from(digest: digest::Digest) -> Self {
        // The algorithm is SHA-256 wherever this is called: 32 bytes.
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Digest {
    type Error = InvalidDigest;

    fn try_from(bytes: &[u8]) -> Result<Self, InvalidDigest> {
        bytes.try_into().map(Self).map_err(|_| InvalidDigest)
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| InvalidDigest)?;
        Self::try_from(bytes.as_slice())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The part of an entry that stays when the person is erased, because it names nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) id: ConsentEventId,
    pub(crate) at: DateTime<Utc>,
    pub(crate) act: Act,
    pub(crate) brand: BrandId,
    pub(crate) topic: Option<TopicId>,
    pub(crate) form_version: Option<FormVersionId>,
    pub(crate) basis: Option<Basis>,
    pub(crate) actor_kind: String,
}

impl Envelope {
    /// H(envelope ‖ H(salt ‖ evidence)).
    pub(crate) fn leaf(&self, evidence: &Digest) -> Digest {
        let mut bytes = Vec::with_capacity(160);
        let mut put = |field: Option<&[u8]>| {
            // Each field with its length, and an absent one unlike an empty one, so that no two envelopes read alike.
            let length = field.map_or(u32::MAX, |field| u32::try_from(field.len()).unwrap_or(u32::MAX));
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(field.unwrap_or_default());
        };
        put(Some(&self.id.to_bytes()));
        put(Some(&self.at.timestamp_micros().to_be_bytes()));
        put(Some(self.act.to_string().as_bytes()));
        put(Some(&self.brand.to_bytes()));
        put(self.topic.map(TopicId::to_bytes).as_ref().map(<[u8; 16]>::as_slice));
        put(self.form_version.map(FormVersionId::to_bytes).as_ref().map(<[u8; 16]>::as_slice));
        put(self.basis.map(|basis| basis.to_string()).as_deref().map(str::as_bytes));
        put(Some(self.actor_kind.as_bytes()));
        Digest::of(&[b"eshot/consent/leaf/v1\0", &bytes, evidence.bytes()])
    }
}

/// The head of the chain after one more leaf.
pub(crate) fn next_head(head: &Digest, leaf: &Digest) -> Digest {
    Digest::of(&[b"eshot/consent/chain/v1\0", head.bytes(), leaf.bytes()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            id: ConsentEventId::from_bytes([1; 16]),
            at: DateTime::from_timestamp_micros(1_772_442_000_123_456).unwrap(),
            act: Act::Requested,
            brand: BrandId::from_bytes([2; 16]),
            topic: Some(TopicId::from_bytes([3; 16])),
            form_version: None,
            basis: Some(Basis::Consent),
            actor_kind: "subscriber".to_owned(),
        }
    }

    #[test]
    fn a_leaf_of_the_first_version_never_changes() {
        let leaf = envelope().leaf(&Digest::NOTHING);
        insta::assert_snapshot!(format!("leaf {leaf}\nhead {}", next_head(&Digest::NOTHING, &leaf)));
    }

    #[test]
    fn every_field_of_the_envelope_counts() {
        let leaf = envelope().leaf(&Digest::NOTHING);
        let later = envelope().at + chrono::Duration::microseconds(1);
        for changed in [
            Envelope { id: ConsentEventId::from_bytes([9; 16]), ..envelope() },
            Envelope { at: later, ..envelope() },
            Envelope { act: Act::Confirmed, ..envelope() },
            Envelope { brand: BrandId::from_bytes([9; 16]), ..envelope() },
            Envelope { topic: None, ..envelope() },
            Envelope { topic: None, form_version: Some(FormVersionId::from_bytes([3; 16])), ..envelope() },
            Envelope { basis: Some(Basis::Contract), ..envelope() },
            Envelope { actor_kind: "user".to_owned(), ..envelope() },
        ] {
            assert_ne!(changed.leaf(&Digest::NOTHING), leaf, "{changed:?}");
        }
    }

    #[test]
    fn a_part_of_a_microsecond_does_not_count_because_no_database_keeps_it() {
        let finer = envelope().at + chrono::Duration::nanoseconds(999);
        assert_eq!(Envelope { at: finer, ..envelope() }.leaf(&Digest::NOTHING), envelope().leaf(&Digest::NOTHING));
    }

    proptest! {
        #[test]
        fn a_digest_survives_text(bytes: [u8; 32]) {
            prop_assert_eq!(Digest(bytes).to_string().parse(), Ok(Digest(bytes)));
        }

        #[test]
        fn the_order_of_leaves_counts(one: [u8; 32], other: [u8; 32]) {
            prop_assume!(one != other);
            let chain = |leaves: [[u8; 32]; 2]| leaves.iter().fold(Digest::NOTHING, |head, leaf| next_head(&head, &Digest(*leaf)));
            prop_assert_ne!(chain([one, other]), chain([other, one]));
        }
    }
}
