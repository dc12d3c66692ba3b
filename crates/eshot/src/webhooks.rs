//! The webhooks, as the configuration means them.

use feedback::webhook::{Hook, InvalidHook, Receiver, Settings};

use crate::config::{self, Config};

/// What takes them all.
pub(crate) fn receiver(config: &Config) -> anyhow::Result<Receiver> {
    let hooks = config.webhooks.iter().map(|(name, config)| Ok((name.clone(), hook(config)?)));
    Ok(Receiver::new(hooks.collect::<Result<Vec<_>, InvalidHook>>()?))
}

/// One of them.
pub(crate) fn hook(config: &config::Webhook) -> Result<Hook, InvalidHook> {
    Hook::new(Settings { provider: config.provider, username: config.username.clone(), secret: config.secret.clone() })
}

/// The key that is to blame.
pub(crate) fn key_of(error: &InvalidHook) -> &'static str {
    match error {
        InvalidHook::NoSecret(_) | InvalidHook::ShortSecret | InvalidHook::Secret(_) => "secret",
        InvalidHook::Username(_) | InvalidHook::NoUsername(_) => "username",
    }
}
