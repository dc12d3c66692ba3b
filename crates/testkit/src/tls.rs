//! Certificates that servers of tests show.

#![expect(clippy::expect_used, reason = "a test without its certificate has failed")]

use std::fmt;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::smtp::Certificate;

/// A certificate and what serves it.
pub struct Identity {
    /// The certificate, as PEM. It is signed by itself, so it is also what vouches for it.
    pub pem: String,
    /// Its key, as PEM.
    pub key: String,
    /// What speaks TLS by it.
    pub acceptor: TlsAcceptor,
}

impl Identity {
    /// One like this, with a new key.
    pub fn new(certificate: Certificate) -> Self {
        let names = match certificate {
            Certificate::Good | Certificate::Expired => ["localhost", "127.0.0.1"],
            Certificate::WrongName => ["elsewhere.example", "127.0.0.99"],
        };
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(names.map(str::to_owned).to_vec()).expect("names");
        if certificate == Certificate::Expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let certificate = params.self_signed(&key).expect("a certificate");
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .expect("a certificate and its key");
        Self { pem: certificate.pem(), key: key.serialize_pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
