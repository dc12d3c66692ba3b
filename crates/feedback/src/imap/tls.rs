use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::TlsConnector;

use super::InvalidMailbox;

/// What encrypts the connections. It trusts whom the system trusts, and whoever stands in `extra` (PEM).
pub(super) fn connector(extra: Option<&[u8]>) -> Result<TlsConnector, InvalidMailbox> {
    let mut roots = RootCertStore::empty();
    // A system with some certificates that do not parse is still a system with certificates.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra.map(certificates).transpose()?.unwrap_or_default() {
        roots.add(certificate).map_err(|error| InvalidMailbox::Certificates(error.to_string()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidMailbox::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidMailbox> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(InvalidMailbox::Certificates("there is none in the file".to_owned())),
        found => found.map_err(|error| InvalidMailbox::Certificates(error.to_string())),
    }
}
