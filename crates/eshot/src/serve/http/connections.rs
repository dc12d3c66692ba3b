mod clients;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use domain::Network;

use super::patient::Patient;
use clients::Clients;

/// How many clients there may be, and how slow.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    /// Connections at once.
    pub(crate) connections: NonZeroUsize,
    /// Connections at once of one client.
    pub(crate) connections_per_client: NonZeroUsize,
    /// Proxies, which speak for many and are no client.
    pub(crate) proxies: Vec<Network>,
    /// For the head of a request, from the answer before it (or the connection's beginning) to its last byte; and for each
    /// piece of an answer (see [`Patient`]).
    pub(crate) patience: Duration,
}

/// Before the next try when the system gives no connection, for want of file handles perhaps.
const BREATH: Duration = Duration::from_secs(1);

/// Serves until `stop`, and then what is under way to its end. Dropping the future drops the connections too.
///
/// A full house takes nobody in: who waits, waits in the system's queue, costs us nothing, and has a place as soon as one
/// ends. An answer of 503 would cost a connection, and those who would get it are not those who fill the house. Who would
/// fill it alone is shown out at the door.
pub(super) async fn serve(listener: TcpListener, pages: Router, bounds: Bounds, stop: CancellationToken) {
    let most = bounds.connections.get().min(Semaphore::MAX_PERMITS);
    let places = Arc::new(Semaphore::new(most));
    let clients = Clients::new(bounds.connections_per_client, bounds.proxies);
    let mut served = JoinSet::new();
    let mut told = false;
    loop {
        while served.try_join_next().is_some() {}
        let free = places.available_permits();
        if free == 0 && !told {
            tracing::warn!(
                connections = most,
                "all {most} connections are taken (http.connections); who comes now waits"
            );
        }
        // Told again only after there was room in between, not for each who waits.
        told = free == 0 || (told && free <= most / 2);
        let (place, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            next = next(&listener, &places) => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(client) = clients.admit(peer.ip()) else { continue };
                let serving = one(stream, peer, pages.clone(), bounds.patience, stop.clone());
                served.spawn(async move {
                    serving.await;
                    drop((client, place));
                });
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no connection can be taken");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    while served.join_next().await.is_some() {}
}

/// A place, and then somebody for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, io::Result<(TcpStream, SocketAddr)>) {
    // It fails only when it is closed, and nobody closes it.
    let place = places.clone().acquire_owned().await.ok();
    (place, listener.accept().await)
}

/// Serves one client. What goes wrong on its connection is its own affair, and nobody else's news.
async fn one(stream: TcpStream, peer: SocketAddr, pages: Router, patience: Duration, stop: CancellationToken) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = pages.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(Patient::new(stream, patience)), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
    }
}

/// Whether the fault is of the one connection that was about to be taken.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(error.kind(), K::ConnectionRefused | K::ConnectionAborted | K::ConnectionReset)
}

#[cfg(test)]
mod tests;
