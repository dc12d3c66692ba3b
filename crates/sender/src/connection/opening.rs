mod xoauth2;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials as Login, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::Ehlo;
use outbox::Phase;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Connection;
use super::gate::Gate;
use super::offered::Offered;
use super::problem::{Problem, root};
use super::stream::{Encrypted, Stream};
use crate::relay::{Credentials, Policy, Proof, Relay, Security, Tls};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("no connection to {relay} (phase {phase})")]
pub struct OpenError {
    /// Which relay.
    pub relay: String,
    /// How far it came: Connect, Tls or Auth.
    pub phase: Phase,
    /// What happened.
    #[source]
    pub problem: Problem,
}

/// A connection that is being made, step by step.
pub(crate) struct Opening {
    relay: Arc<Relay>,
    smtp: AsyncSmtpConnection,
    gate: Gate,
    offered: Offered,
    encrypted: bool,
}

impl Opening {
    /// The name, TCP, TLS where it comes first, the greeting and EHLO.
    pub(crate) async fn connect(relay: Arc<Relay>) -> Result<Self, OpenError> {
        let limit = relay.timeouts.connect;
        let name = relay.name();
        let failed = |phase, problem| OpenError { relay: name.clone(), phase, problem };
        let gate = Gate::default();
        let tcp =
            within(limit, tcp(&relay.host, relay.port)).await.map_err(|problem| failed(Phase::Connect, problem))?;
        let stream = Stream::new(tcp, gate.clone())
            .map_err(Problem::Network)
            .map_err(|problem| failed(Phase::Connect, problem))?;
        let stream: Box<dyn AsyncTokioStream> = match &relay.tls {
            Tls::Implicit(connector, name) => {
                let handshake = async {
                    let encrypted = connector.connect(name.clone(), stream).await;
                    encrypted.map_err(|error| Problem::Tls(root(&error)))
                };
                Box::new(Encrypted(within(limit, handshake).await.map_err(|problem| failed(Phase::Tls, problem))?))
            }
            Tls::None | Tls::Starttls(_) => Box::new(stream),
        };
        let hello = async {
            let mut smtp = step(AsyncSmtpConnection::connect_with_transport(stream, &relay.hello)).await?;
            let offered = ehlo(&mut smtp, &relay).await?;
            Ok((smtp, offered))
        };
        let (smtp, offered) = within(limit, hello).await.map_err(|problem| failed(Phase::Connect, problem))?;
        let encrypted = relay.security == Security::Implicit;
        Ok(Self { relay, smtp, gate, offered, encrypted })
    }

    /// STARTTLS, where the settings ask for it or the relay offers what they allow.
    pub(crate) async fn encrypt(mut self) -> Result<Self, OpenError> {
        let Tls::Starttls(parameters) = self.relay.tls.clone() else { return Ok(self) };
        if !self.offered.starttls {
            return match self.relay.security {
                Security::StartTls(Policy::Required) => Err(self.fail(Phase::Tls, Problem::NotOffered("STARTTLS"))),
                _ => Ok(self),
            };
        }
        // Whatever follows the 220 in the clear must not be taken for an answer to what is said encrypted (RFC 3207 §6).
        self.gate.read_bytewise(true);
        let upgrade = async {
            match AssertUnwindSafe(self.smtp.starttls(parameters, &self.relay.hello)).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let problem = Problem::from_lettre(&error);
                    return Err(if problem.reply().is_some() { problem } else { Problem::Tls(root(&error)) });
                }
                Err(_) => return Err(garbled()),
            }
            self.gate.read_bytewise(false);
            ehlo(&mut self.smtp, &self.relay).await
        };
        match within(self.relay.timeouts.connect, upgrade).await {
            Ok(offered) => {
                (self.offered, self.encrypted) = (offered, true);
                Ok(self)
            }
            Err(problem) => Err(self.fail(Phase::Tls, problem)),
        }
    }

    /// AUTH, where there are credentials. `Relay` has seen to it that the connection is encrypted and verified then.
    pub(crate) async fn log_in(mut self) -> Result<Self, OpenError> {
        let Some(Credentials { user, proof }) = self.relay.credentials.clone() else { return Ok(self) };
        let limit = self.relay.timeouts.connect;
        let done = match proof {
            Proof::Password(_) if !self.offered.auth => Err(Problem::NotOffered("AUTH PLAIN or LOGIN")),
            Proof::TokenFile(_) if !self.offered.xoauth2 => Err(Problem::NotOffered("AUTH XOAUTH2")),
            Proof::Password(password) => {
                let login = Login::new(user, password.expose_secret().to_owned());
                let auth = step(self.smtp.auth(&[Mechanism::Plain, Mechanism::Login], &login));
                within(limit, auth).await.map(drop)
            }
            Proof::TokenFile(file) => within(limit, xoauth2::log_in(&mut self.smtp, &user, &file)).await,
        };
        match done {
            Ok(()) => Ok(self),
            Err(problem) => Err(self.fail(Phase::Auth, problem)),
        }
    }

    /// The connection, ready for mail.
    pub(crate) fn finish(self) -> Connection {
        let Self { relay, smtp, gate, offered, encrypted } = self;
        let (phase, refusal) = (Phase::MailFrom, None);
        Connection { relay, smtp, gate, offered, encrypted, phase, refusal, carried: 0, broken: false }
    }

    pub(crate) fn offered(&self) -> &Offered {
        &self.offered
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    fn fail(&self, phase: Phase, problem: Problem) -> OpenError {
        OpenError { relay: self.relay.name(), phase, problem }
    }
}

/// A socket to the first of a name's addresses that takes one.
pub(crate) async fn tcp(host: &str, port: u16) -> Result<TcpStream, Problem> {
    let addresses = tokio::net::lookup_host((host, port)).await;
    let addresses = addresses.map_err(|_| Problem::NoAddress(host.to_owned()))?;
    let mut last = Problem::NoAddress(host.to_owned());
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Problem::Network(error),
        }
    }
    Err(last)
}

/// lettre does not tell all that is offered, so the relay is asked once more. One that answers only once, as OpenSMTPD does ("503 Already
/// identified"; RFC 5321 §4.1.4 would have it answer), is used for what lettre does tell.
async fn ehlo(smtp: &mut AsyncSmtpConnection, relay: &Relay) -> Result<Offered, Problem> {
    match step(smtp.command(Ehlo::new(relay.hello.clone()))).await {
        Ok(response) => Ok(Offered::read(response.message())),
        Err(Problem::Refused(reply)) if reply.is_permanent() => Ok(Offered::told(smtp.server_info())),
        Err(problem) => Err(problem),
    }
}

async fn within<T>(limit: Duration, step: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    timeout(limit, step).await.unwrap_or(Err(Problem::TimedOut(limit)))
}

/// One exchange through lettre, whose reader of EHLO panics on a line of blanks.
async fn step<T>(exchange: impl Future<Output = Result<T, Error>>) -> Result<T, Problem> {
    match AssertUnwindSafe(exchange).catch_unwind().await {
        Ok(answer) => answer.map_err(|error| Problem::from_lettre(&error)),
        Err(_) => Err(garbled()),
    }
}

fn garbled() -> Problem {
    Problem::Garbled("EHLO was answered with an empty line".to_owned())
}
