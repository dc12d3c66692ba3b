//! From nothing to a session that is logged in.

use std::fmt;
use std::io;
use std::time::Duration;

use async_imap::Client;
use async_imap::imap_proto::{Response, Status};
use secrecy::ExposeSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::error::{Error, LOGIN};
use super::guarded::Guarded;
use super::server::Security;
use super::session::{Session, TALK};
use super::{Server, Settings};

/// async-imap tells passwords and mails to the log at the level of traces. That level is not built in.
const _: () = assert!(!matches!(log::STATIC_MAX_LEVEL, log::LevelFilter::Trace));

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// What sessions speak over.
pub(super) type Wire = Guarded<Box<dyn Stream>>;

impl fmt::Debug for dyn Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

/// Connects, encrypts and logs in.
pub(super) async fn open(settings: &Settings, tls: &TlsConnector) -> Result<Session, Error> {
    let patience = settings.patience;
    let client = within(patience, connect(&settings.server, tls)).await??;
    let login = client.login(&settings.username, settings.password.expose_secret());
    let session = within(patience, login).await?.map_err(|(error, _)| refusal(error, settings))?;
    Session::begin(session, patience).await
}

/// What takes too long is given up.
pub(super) async fn within<T>(patience: Duration, act: impl Future<Output = T>) -> Result<T, Error> {
    tokio::time::timeout(patience, act).await.map_err(|_| Error::TooSlow)
}

async fn connect(server: &Server, tls: &TlsConnector) -> Result<Client<Wire>, Error> {
    let stream = TcpStream::connect(server.address()).await.map_err(Error::Connect)?;
    stream.set_nodelay(true).map_err(Error::Connect)?;
    match server.security() {
        Security::Implicit => greeted(encrypt(server, tls, stream).await?).await,
        Security::StartTls => {
            let mut client = greeted(Box::new(stream)).await?;
            let agreed = client.run_command_and_check_ok("STARTTLS", None).await;
            agreed.map_err(|error| Error::of(error, "STARTTLS"))?;
            // What came behind the answer in the clear is dropped with async-imap's buffer: anybody could have said it.
            let stream = client.into_inner().into_inner();
            Ok(Client::new(Guarded::new(encrypt(server, tls, stream).await?, TALK)))
        }
        Security::None => {
            // The name of this machine may have been given to another one.
            if !stream.peer_addr().map_err(Error::Connect)?.ip().is_loopback() {
                return Err(Error::Connect(io::ErrorKind::AddrNotAvailable.into()));
            }
            greeted(Box::new(stream)).await
        }
    }
}

async fn encrypt(server: &Server, tls: &TlsConnector, stream: impl Stream + 'static) -> Result<Box<dyn Stream>, Error> {
    let name = server.name().map_err(|error| Error::Tls(io::Error::other(error)))?;
    Ok(Box::new(tls.connect(name, stream).await.map_err(Error::Tls)?))
}

/// Reads the greeting. Who is let in before a login (PREAUTH) does not know as whom, and could not encrypt any more.
async fn greeted(stream: Box<dyn Stream>) -> Result<Client<Wire>, Error> {
    let mut client = Client::new(Guarded::new(stream, TALK));
    let greeting = client.read_response().await?.ok_or(Error::Closed)?;
    match greeting.parsed() {
        Response::Data { status: Status::Ok, .. } => Ok(client),
        Response::Data { status: Status::PreAuth, .. } => Err(Error::Unasked),
        Response::Data { status: Status::Bye, outcome } => {
            let words = outcome.information.as_deref().unwrap_or_default();
            let words = words.chars().filter(|char| !char.is_control()).take(200).collect();
            Err(Error::Refused { what: "the connection", words })
        }
        _ => Err(Error::NoImap),
    }
}

/// A server may repeat what it was told.
fn refusal(error: async_imap::error::Error, settings: &Settings) -> Error {
    match Error::of(error, LOGIN) {
        Error::Refused { what, words } => {
            Error::Refused { what, words: words.replace(settings.password.expose_secret(), "***") }
        }
        error => error,
    }
}
