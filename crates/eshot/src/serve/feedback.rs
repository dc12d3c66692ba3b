use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use domain::Throttle;
use feedback::listener::{Listener, Settings};
use links::Links;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Shared;
use crate::config;

/// Binds the address and gives the task that takes returned mail there.
pub(super) async fn start(
    shared: Shared,
) -> anyhow::Result<(SocketAddr, impl Future<Output = anyhow::Result<()>> + Send + use<>)> {
    let config = &shared.context.config;
    let at = config.feedback.listen;
    let settings = settings(&config.feedback, config.serve.drain)?;
    let (links, clock) = (Links::new(&shared.keys), shared.context.clock.clone());
    let mut listener = Listener::bind(at, settings, shared.db.clone(), links, clock)
        .await
        .with_context(|| format!("feedback.listen: {at} cannot be had"))?;
    let address = listener.address()?;
    tracing::info!(%address, "returned mail is taken at {address}");
    if let Some(at) = &config.feedback.lmtp {
        let address = listener.bind_lmtp(at).await.with_context(|| format!("feedback.lmtp: {at} cannot be had"))?;
        tracing::info!(%address, "returned mail is taken by LMTP at {address}");
    }
    Ok((address, async move {
        listener.run(shared.stop).await;
        Ok(())
    }))
}

fn settings(config: &config::Feedback, drain: config::Span) -> anyhow::Result<Settings> {
    let hostname = config.hostname.clone().unwrap_or_else(own_name);
    Ok(Settings {
        fixed: config.addresses.clone(),
        size: config.message_limit.get(),
        memory: config.memory.get(),
        connections: config.connections.get(),
        connections_per_client: config.connections_per_client.get(),
        connections_per_minute: per_minute(config.rate),
        tarpit: config.tarpit.0,
        patience: config.timeout.0,
        grace: drain.0,
        tls: match (&config.certificate, &config.private_key) {
            (Some(certificate), Some(key)) => Some(Arc::new(tls(certificate, key)?)),
            _ => None,
        },
        ..Settings::new(&hostname)
    })
}

/// The machine's name, as far as it knows one.
fn own_name() -> String {
    lettre::transport::smtp::extension::ClientId::default().to_string().trim_matches(['[', ']']).to_owned()
}

fn per_minute(rate: Throttle) -> NonZeroU32 {
    let count = u64::from(rate.count().get()) * 60 / rate.period().as_secs().max(1);
    u32::try_from(count).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN)
}

fn tls(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .context("feedback.certificate")?;
    let key = PrivateKeyDer::from_pem_file(key).context("feedback.private_key")?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("feedback.certificate and feedback.private_key do not fit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_by_the_minute_and_never_nought() {
        let per_minute = |rate: &str| per_minute(rate.parse().unwrap()).get();
        assert_eq!((per_minute("10/s"), per_minute("600/m"), per_minute("1/h")), (600, 600, 1));
    }
}
