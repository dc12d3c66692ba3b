//! DKIM keys in both databases.

#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

use std::time::Duration;

use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use brands::key::{self, Algorithm, KeyError, SigningKey};
use domain::{Actor, DnsKind, MasterKeys, SealError};
use secrecy::ExposeSecret;
use testkit::{TestDb, both, keys, start_of_time};

fn only(line: usize) -> MasterKeys {
    let first = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let second = "2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    [first, second][line - 1].parse().unwrap()
}

/// Signs with the private part and verifies with the public one, as a receiver would.
fn fits_together(key: &SigningKey) -> bool {
    let (private, public, message) = (key.private.expose_secret(), &key.info.public, b"message");
    match key.info.algorithm {
        Algorithm::RsaSha256 => {
            let pair = RsaKeyPair::from_pkcs8(private).unwrap();
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = aws_lc_rs::rand::SystemRandom::new();
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(message, &signature).is_ok()
        }
        Algorithm::Ed25519Sha256 => {
            let signature = Ed25519KeyPair::from_pkcs8(private).unwrap().sign(message);
            UnparsedPublicKey::new(&ED25519, public).verify(message, signature.as_ref()).is_ok()
        }
    }
}

both!(
    async fn both_kinds_of_key_sign_for_their_domain_and_for_no_other(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        for algorithm in Algorithm::ALL {
            key::create(db, &keys(), "Example.COM", algorithm, &Actor::Operator, now).await.unwrap();
        }
        let signing = key::active(db.reader(), &keys(), "example.com").await.unwrap();
        assert_eq!(signing.iter().map(|key| key.info.algorithm).collect::<Vec<_>>(), Algorithm::ALL);
        assert!(signing.iter().all(fits_together));
        assert!(key::active(db.reader(), &keys(), "other.example").await.unwrap().is_empty());
    }
);

both!(
    async fn a_key_prints_the_record_that_has_to_be_published(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let rsa = key::create(db, &keys(), "example.com", Algorithm::RsaSha256, &Actor::Operator, now).await.unwrap();
        let record = rsa.dns_record();
        assert_eq!(record.kind, DnsKind::Txt);
        assert_eq!(record.name, format!("{}._domainkey.example.com", rsa.selector));
        assert!(rsa.selector.starts_with("rsa-20260302-"));
        assert!(record.value.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"), "{}", record.value);
        assert!(record.to_string().split('"').skip(1).step_by(2).all(|string| string.len() <= 255), "{record}");

        let ed =
            key::create(db, &keys(), "example.com", Algorithm::Ed25519Sha256, &Actor::Operator, now).await.unwrap();
        let value = ed.dns_record().value;
        let public = value.strip_prefix("v=DKIM1; k=ed25519; p=").unwrap();
        assert_eq!(public.len(), 44, "32 bytes in base64");
    }
);

both!(
    async fn a_retired_key_signs_no_more_but_is_still_listed(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (keys, actor, ed25519) = (only(1), Actor::Operator, Algorithm::Ed25519Sha256);
        let later = now + Duration::from_secs(60);
        let old = key::create(db, &keys, "example.com", ed25519, &actor, now).await.unwrap();
        let new = key::create(db, &keys, "example.com", ed25519, &actor, later).await.unwrap();
        assert_ne!(old.selector, new.selector);

        key::retire(db.writer(), old.id, &Actor::Operator, now).await.unwrap();
        assert!(matches!(key::retire(db.writer(), old.id, &Actor::Operator, now).await, Err(KeyError::NotFound(_))));

        let signing = key::active(db.reader(), &only(1), "example.com").await.unwrap();
        assert_eq!(signing.iter().map(|key| key.info.id).collect::<Vec<_>>(), [new.id]);
        let listed = key::list(db.reader(), Some("example.com")).await.unwrap();
        assert_eq!(listed.iter().map(|key| key.retired_at).collect::<Vec<_>>(), [Some(now), None]);
    }
);

both!(
    async fn after_a_rotation_keys_are_sealed_again_and_the_old_master_key_can_go(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        key::create(db, &only(1), "example.com", Algorithm::Ed25519Sha256, &Actor::Operator, now).await.unwrap();
        let too_early = key::active(db.reader(), &only(2), "example.com").await;
        assert!(matches!(too_early, Err(KeyError::Sealed { source: SealError::UnknownKey(_), .. })));

        assert_eq!(key::reseal(db, &keys()).await.unwrap(), 1);
        assert_eq!(key::reseal(db, &keys()).await.unwrap(), 0, "nothing is left to do");

        let signing = key::active(db.reader(), &only(2), "example.com").await.unwrap();
        assert!(signing.iter().all(fits_together));
    }
);

both!(
    async fn after_a_loss_the_keys_that_nobody_can_open_are_retired_and_the_rest_is_sealed_again(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let create = async |keys: &MasterKeys| {
            key::create(db, keys, "example.com", Algorithm::Ed25519Sha256, &Actor::Operator, now).await.unwrap()
        };
        let lost = create(&only(1)).await;
        create(&only(2)).await;
        assert!(matches!(key::reseal(db, &only(2)).await, Err(KeyError::Sealed { id, .. }) if id == lost.id));

        key::retire(db.writer(), lost.id, &Actor::Operator, now).await.unwrap();
        assert_eq!(key::reseal(db, &only(2)).await.unwrap(), 0);
        assert_eq!(key::active(db.reader(), &only(2), "example.com").await.unwrap().len(), 1);
    }
);

both!(
    async fn what_is_no_domain_gets_no_key(db: TestDb) {
        let (keys, now) = (keys(), start_of_time());
        let made = key::create(db.database(), &keys, "localhost", Algorithm::RsaSha256, &Actor::Operator, now);
        assert!(matches!(made.await, Err(KeyError::Domain(..))));
    }
);
