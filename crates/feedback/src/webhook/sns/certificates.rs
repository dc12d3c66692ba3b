use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};

use super::envelope::Envelope;
use super::fetch::{FetchError, Fetcher};
use super::place::Place;
use crate::webhook::proof::Unproven;

/// A cloud has few, and changes one a year.
const KEPT: usize = 16;

/// For how long one is used before it is fetched again.
const FRESH: TimeDelta = TimeDelta::hours(24);

/// How many are fetched in a minute: addresses cost nothing to make up.
const A_MINUTE: usize = 10;

/// The certificates that signatures are verified by, fetched once a day each.
pub(crate) struct Certificates {
    fetcher: Fetcher,
    kept: Mutex<Kept>,
    /// One is fetched at a time, and whoever waits may find it there.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    certificates: HashMap<Place, (DateTime<Utc>, Arc<Signer>)>,
    fetched: VecDeque<DateTime<Utc>>,
}

/// Whoever signs: its certificate, with those that lead to a root.
#[derive(Debug)]
pub(crate) struct Signer {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Certificates {
    pub(crate) fn new(fetcher: Fetcher) -> Self {
        Self { fetcher, kept: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// The certificate at a place, from memory or from there.
    pub(crate) async fn at(&self, place: &Place, now: DateTime<Utc>) -> Result<Arc<Signer>, FetchError> {
        if let Some(signer) = self.known(place, now) {
            return Ok(signer);
        }
        let _turn = self.turn.lock().await;
        if let Some(signer) = self.known(place, now) {
            return Ok(signer);
        }
        self.begin(now)?;
        let signer = Arc::new(Signer::read(&self.fetcher.get(place).await?)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.certificates.retain(|_, (fetched, _)| now.signed_duration_since(*fetched) < FRESH);
        if kept.certificates.len() >= KEPT {
            kept.certificates.clear();
        }
        kept.certificates.insert(place.clone(), (now, Arc::clone(&signer)));
        Ok(signer)
    }

    fn known(&self, place: &Place, now: DateTime<Utc>) -> Option<Arc<Signer>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, signer) = kept.certificates.get(place)?;
        (now.signed_duration_since(*fetched) < FRESH).then(|| Arc::clone(signer))
    }

    fn begin(&self, now: DateTime<Utc>) -> Result<(), FetchError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.fetched.retain(|at| now.signed_duration_since(*at).abs() < TimeDelta::minutes(1));
        if kept.fetched.len() >= A_MINUTE {
            return Err(FetchError::TooMany);
        }
        kept.fetched.push_back(now);
        Ok(())
    }
}

impl Signer {
    fn read(pem: &[u8]) -> Result<Self, FetchError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem).take(8).filter_map(Result::ok).collect();
        let own = chain.first().ok_or(FetchError::NoCertificate)?;
        let parsed = EndEntityCert::try_from(own).map_err(|_| FetchError::NoCertificate)?;
        let key = parsed.subject_public_key_info().to_vec();
        Ok(Self { chain, key })
    }

    /// Whether it has signed an envelope; where there are anchors, also whether they vouch for it.
    pub(crate) fn verify(
        &self,
        envelope: &Envelope,
        anchors: &[TrustAnchor<'_>],
        now: DateTime<Utc>,
    ) -> Result<(), Unproven> {
        let algorithm: &'static RsaParameters = match envelope.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(Unproven),
        };
        if !anchors.is_empty() {
            self.is_vouched_for(anchors, now)?;
        }
        let signature = BASE64.decode(envelope.signature.as_bytes()).map_err(|_| Unproven)?;
        UnparsedPublicKey::new(algorithm, &self.key)
            .verify(envelope.signed().as_bytes(), &signature)
            .map_err(|_| Unproven)
    }

    fn is_vouched_for(&self, anchors: &[TrustAnchor<'_>], now: DateTime<Utc>) -> Result<(), Unproven> {
        let (own, others) = self.chain.split_first().ok_or(Unproven)?;
        let own = EndEntityCert::try_from(own).map_err(|_| Unproven)?;
        let seconds = u64::try_from(now.timestamp()).map_err(|_| Unproven)?;
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let usage = KeyUsage::server_auth();
        own.verify_for_usage(ALL_VERIFICATION_ALGS, anchors, others, time, usage, None, None)
            .map(drop)
            .map_err(|_| Unproven)
    }
}

/// Those who vouch, from PEM; nothing where there is none, or one does not read.
pub(crate) fn trusted(pem: &[u8]) -> Option<Vec<TrustAnchor<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    let anchors = found.iter().map(|der| webpki::anchor_from_trusted_cert(der).map(|anchor| anchor.to_owned()).ok());
    anchors.collect::<Option<Vec<_>>>().filter(|anchors| !anchors.is_empty())
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

    use super::*;

    fn authority() -> (String, Issuer<'static, KeyPair>) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, Issuer::new(params, key))
    }

    #[test]
    fn where_there_are_anchors_they_have_to_vouch_for_whoever_signs() {
        let ((ours, issuer), (others, _)) = (authority(), authority());
        let params = CertificateParams::new(vec!["sns.scaleway.example".to_owned()]).unwrap();
        let pem = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().pem();
        let signer = Signer::read(pem.as_bytes()).unwrap();
        let now = DateTime::from_timestamp(1_772_442_000, 0).unwrap();
        let vouched = |pem: &str| signer.is_vouched_for(&trusted(pem.as_bytes()).unwrap(), now);
        assert_eq!(vouched(&ours), Ok(()));
        assert_eq!(vouched(&format!("{others}{ours}")), Ok(()));
        assert_eq!(vouched(&others), Err(Unproven));
        assert_eq!(signer.is_vouched_for(&trusted(ours.as_bytes()).unwrap(), DateTime::UNIX_EPOCH), Err(Unproven));
        assert!(trusted(b"").is_none() && trusted(b"no certificate").is_none());
    }
}
