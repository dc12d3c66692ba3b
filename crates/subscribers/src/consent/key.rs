use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use domain::{KeyId, MasterKeys, Purpose};

use crate::entity::consent_block::Model;

/// The bytes that a block's signature covers: all of the block but the signature.
pub(super) fn signed_part(block: &Model) -> Vec<u8> {
    let mut bytes = b"eshot/consent/block/v1\0".to_vec();
    for number in [block.no, block.first_seq, block.last_seq, block.sealed_at.timestamp_micros()] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(&block.key_id.0.to_be_bytes());
    bytes.extend_from_slice(&block.previous);
    bytes.extend_from_slice(&block.head);
    bytes
}

/// The signature (Ed25519, RFC 8032) over a block by the generation that it names; none if that is not trusted.
pub(super) fn sign(keys: &MasterKeys, block: &Model) -> Option<Vec<u8>> {
    Some(pair(keys, block.key_id)?.sign(&signed_part(block)).as_ref().to_vec())
}

/// Whether a block's signature holds; none if the generation that it names is not trusted.
pub(super) fn holds(keys: &MasterKeys, block: &Model) -> Option<bool> {
    let pair = pair(keys, block.key_id)?;
    let key = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
    Some(key.verify(&signed_part(block), &block.signature).is_ok())
}

fn pair(keys: &MasterKeys, id: KeyId) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(&keys.derive(id, Purpose::ConsentSeal)?).ok()
}
