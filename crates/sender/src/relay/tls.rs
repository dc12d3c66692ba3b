use std::sync::Arc;

use lettre::transport::smtp::client::{Certificate, TlsParameters};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::TlsConnector;

use super::{InvalidRelay, Policy, Security};

/// What encrypts the connections. All share it, because it also holds the sessions that can be resumed.
#[derive(Clone)]
pub(crate) enum Tls {
    /// Nothing.
    None,
    /// lettre, once the relay has agreed to STARTTLS.
    Starttls(TlsParameters),
    /// We, before lettre sees the connection: it only starts on streams that are ready to be spoken on.
    Implicit(TlsConnector, ServerName<'static>),
}

impl Tls {
    pub(super) fn new(security: Security, host: &str, extra: Option<&[u8]>) -> Result<Self, InvalidRelay> {
        let extra = extra.map(certificates).transpose()?.unwrap_or_default();
        match security {
            Security::StartTls(Policy::None) => Ok(Self::None),
            Security::StartTls(policy) => {
                let mut builder = TlsParameters::builder(host.to_owned());
                for certificate in extra {
                    let certificate = Certificate::from_der(certificate.to_vec());
                    builder =
                        builder.add_root_certificate(certificate.map_err(|e| InvalidRelay::Certificates(e.into()))?);
                }
                if policy == Policy::Opportunistic {
                    builder = builder.dangerous_accept_invalid_certs(true);
                }
                builder.build_rustls().map(Self::Starttls).map_err(|error| InvalidRelay::Tls(error.into()))
            }
            Security::Implicit => {
                let name = ServerName::try_from(host.to_owned()).map_err(|_| InvalidRelay::Host)?;
                Ok(Self::Implicit(connector(extra)?, name))
            }
        }
    }
}

pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidRelay> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(InvalidRelay::Certificates("there is none in the file".into())),
        found => found.map_err(|error| InvalidRelay::Certificates(error.into())),
    }
}

pub(crate) fn connector(extra: Vec<CertificateDer<'static>>) -> Result<TlsConnector, InvalidRelay> {
    let mut roots = RootCertStore::empty();
    // A system with some certificates that do not parse is still a system with certificates.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in extra {
        roots.add(certificate).map_err(|error| InvalidRelay::Certificates(error.into()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidRelay::Tls(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
