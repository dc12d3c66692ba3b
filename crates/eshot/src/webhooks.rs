//! The webhooks, as the configuration means them.

use feedback::webhook::{Fetcher, Hook, InvalidHook, Receiver, Settings};

use crate::config::{self, Config};

/// Why there is no such webhook.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    #[error(transparent)]
    Hook(#[from] InvalidHook),
    #[error("the file with the certificates cannot be read: {0}")]
    File(#[from] std::io::Error),
}

/// What takes them all.
pub(crate) fn receiver(config: &Config) -> anyhow::Result<Receiver> {
    let hooks = config.webhooks.iter().map(|(name, config)| Ok((name.clone(), hook(config)?)));
    let receiver = Receiver::new(hooks.collect::<Result<Vec<_>, Wrong>>()?);
    Ok(if receiver.fetches() { receiver.fetching(Fetcher::new()?) } else { receiver })
}

/// One of them.
pub(crate) fn hook(config: &config::Webhook) -> Result<Hook, Wrong> {
    Ok(Hook::new(Settings {
        provider: config.provider,
        username: config.username.clone(),
        secret: config.secret.clone(),
        topic: config.topic.clone(),
        certificates: config.certificates.as_ref().map(std::fs::read).transpose()?,
    })?)
}

/// The key that is to blame.
pub(crate) fn key_of(error: &Wrong) -> &'static str {
    match error {
        Wrong::Hook(InvalidHook::NoSecret(_) | InvalidHook::ShortSecret | InvalidHook::Secret(_)) => "secret",
        Wrong::Hook(InvalidHook::Username(_) | InvalidHook::NoUsername(_)) => "username",
        Wrong::Hook(InvalidHook::NoTopic(_) | InvalidHook::TopicOfNone(_) | InvalidHook::Topic(_)) => "topic",
        Wrong::Hook(InvalidHook::NoCertificates(_) | InvalidHook::Certificates(_)) | Wrong::File(_) => "certificates",
    }
}
