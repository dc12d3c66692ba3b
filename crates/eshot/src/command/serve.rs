use axum::Router;
use tokio::signal::unix::{SignalKind, signal};

use crate::context::Context;
use crate::serve::Running;

/// `eshot serve`: until SIGTERM or SIGINT, or until a part of it fails.
pub(super) async fn run(context: Context) -> anyhow::Result<bool> {
    // Asked for before anything runs: a signal in the first second must not kill what has begun.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut running = Running::start(context, Router::new()).await?;
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        error = running.failed() => Some(error),
    };
    tracing::info!("ending");
    running.stop().await;
    failure.map_or(Ok(true), Err)
}
