use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::place::Place;

/// How long it may take, all in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer at most; a certificate is two kilobytes.
const LONGEST: usize = 64 * 1024;

/// Fetches from the few places that are pinned, and from nowhere else.
#[derive(Clone)]
pub struct Fetcher {
    tls: TlsConnector,
    /// Whom to ask in the place of the host, which has to prove all the same that it is the host.
    to: Option<SocketAddr>,
}

/// Why nothing could be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Too many were asked for within a minute.
    #[error("too many certificates were fetched within a minute")]
    TooMany,
    /// Nobody answered in time.
    #[error("the cloud did not answer within {}", humane(PATIENCE))]
    TimedOut,
    /// The connection failed.
    #[error("the cloud could not be reached")]
    Network(#[from] std::io::Error),
    /// It spoke no HTTP, or too much of it.
    #[error("the cloud's answer could not be read")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused.
    #[error("the cloud answered {0}")]
    Status(StatusCode),
    /// What was fetched is none.
    #[error("the cloud gave no certificate")]
    NoCertificate,
    /// The program has nobody to trust.
    #[error("TLS cannot be set up")]
    Tls(#[source] tokio_rustls::rustls::Error),
}

fn humane(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

impl Fetcher {
    /// Trusts whom the system trusts.
    pub fn new() -> Result<Self, FetchError> {
        let mut roots = RootCertStore::empty();
        // A system with some certificates that do not parse is still a system with certificates.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::trusting(roots)
    }

    /// Trusts these.
    pub fn trusting(roots: RootCertStore) -> Result<Self, FetchError> {
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(FetchError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), to: None })
    }

    /// Connects to this address whatever the host is called: a proxy, or a server of tests. Which hosts may be asked, and that they prove who they are,
    /// stays as it is.
    pub fn through(self, to: SocketAddr) -> Self {
        Self { to: Some(to), ..self }
    }

    /// What is at a place. No redirect is followed.
    pub(super) async fn get(&self, place: &Place) -> Result<Vec<u8>, FetchError> {
        tokio::time::timeout(PATIENCE, self.exchange(place)).await.unwrap_or(Err(FetchError::TimedOut))
    }

    async fn exchange(&self, place: &Place) -> Result<Vec<u8>, FetchError> {
        let tcp = match self.to {
            Some(to) => TcpStream::connect(to).await?,
            None => TcpStream::connect((place.host.as_str(), 443)).await?,
        };
        let name = ServerName::try_from(place.host.clone()).map_err(std::io::Error::other)?;
        let stream = self.tls.connect(name, tcp).await?;
        let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(garbled)?;
        let driver = tokio::spawn(connection);
        let request = Request::get(&place.target).header(HOST, &place.host).header(USER_AGENT, "eshot");
        let request = request.body(Empty::<Bytes>::new()).map_err(garbled)?;
        let read = async {
            let answer = requests.send_request(request).await.map_err(garbled)?;
            if answer.status() != StatusCode::OK {
                return Err(FetchError::Status(answer.status()));
            }
            let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(FetchError::Answer)?;
            Ok(body.to_bytes().to_vec())
        };
        let answer = read.await;
        driver.abort();
        answer
    }
}

fn garbled(error: impl std::error::Error + Send + Sync + 'static) -> FetchError {
    FetchError::Answer(Box::new(error))
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("to", &self.to).finish_non_exhaustive()
    }
}
