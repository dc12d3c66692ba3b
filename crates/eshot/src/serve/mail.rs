use std::sync::Arc;

use domain::EmailAddress;
use limits::Limits;
use links::Links;
use sender::{Outlet, Parts, Route, Sender, Settings};

use super::Shared;
use crate::config;
use crate::relay::{self, named, outlets};

/// The task that takes due deliveries to the relay.
pub(super) fn start(shared: Shared) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + use<>> {
    let config = &shared.context.config;
    // The configuration was checked as a whole; a file that it names may be gone since then.
    let outlets = outlets(config).map_err(|blamed| {
        let wrong: Vec<String> = blamed.into_iter().map(|one| format!("{}: {}", one.key, one.what)).collect();
        anyhow::anyhow!(wrong.join("; "))
    })?;
    let providers = config.limits.of_providers();
    let config::Limits { relay: of_relay, campaign, brands, .. } = config.limits.clone();
    let relays = relay::limits(config, &outlets).map(|(name, limit)| (name.to_owned(), limit)).collect();
    let warm_ups = relay::warm_ups(config, &outlets);
    let limits = limits::Settings { relay: of_relay, relays, providers, brands, campaign, warm_ups };
    let clock = shared.context.clock.clone();
    let parts = Parts {
        db: shared.db.clone(),
        keys: shared.keys.clone(),
        links: Arc::new(Links::new(&shared.keys)),
        limits: Arc::new(Limits::new(limits, shared.instance, clock.clone())),
        instance: shared.instance,
        clock,
    };
    let settings = Settings {
        batch: config.sender.batch.get(),
        lease: config.sender.lease.0,
        idle: config.sender.idle.0,
        give_up: config.sender.give_up.0,
        drain: config.serve.drain.0,
        redirect_to: config.relay.redirect_to.clone(),
        cfbl: config.sender.cfbl,
        outlets,
    };
    for Outlet { name, route, .. } in &settings.outlets {
        tracing::info!(relay = name, "mail goes to {}", named(name, route));
    }
    tell_whether_anybody_is_mailed(&settings.outlets, settings.redirect_to.as_ref());
    Ok(async move {
        let tally = Sender::new(parts, settings).run(shared.stop.cancelled_owned()).await;
        tracing::info!(?tally, "no more mail is handed over");
        Ok(())
    })
}

/// In the log and in `/metrics`: an installation that mails nobody looks like any other.
fn tell_whether_anybody_is_mailed(outlets: &[Outlet], redirect_to: Option<&EmailAddress>) {
    let share = if outlets.len() == 1 { "all mail" } else { "mail" };
    for outlet in outlets {
        if let Route::Folder(folder) = &outlet.route {
            tracing::warn!("{share} is written to {}, and nobody gets any of it", folder.name());
        }
    }
    metrics::gauge!("eshot_redirected").set(if redirect_to.is_some() { 1.0 } else { 0.0 });
    if let Some(stand_in) = redirect_to {
        tracing::warn!("relay.redirect_to: all mail goes to {stand_in}, and nobody whom it is for gets any");
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use metrics_exporter_prometheus::PrometheusBuilder;
    use sender::Folder;
    use sender::relay::{self, Relay};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What stands in the log and in `/metrics`.
    fn told(url: &str, redirect_to: Option<&str>) -> (String, String) {
        let (log, recorder) = (Log::default(), PrometheusBuilder::new().build_recorder());
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let url: url::Url = url.parse().unwrap();
        let route = match Folder::new(&url) {
            Ok(folder) => Route::from(folder),
            Err(_) => Relay::new(relay::Settings::new(url)).unwrap().into(),
        };
        let redirect_to: Option<EmailAddress> = redirect_to.map(|address| address.parse().unwrap());
        metrics::with_local_recorder(&recorder, || {
            tracing::subscriber::with_default(subscriber, || {
                tell_whether_anybody_is_mailed(&[Outlet::new(route, 1)], redirect_to.as_ref())
            });
        });
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        (log, recorder.handle().render())
    }

    #[test]
    fn that_nobody_is_mailed_is_in_the_log_and_in_the_metrics() {
        let (log, metrics) = told("smtp://localhost", Some("staging@example.com"));
        assert!(log.contains("WARN") && log.contains("all mail goes to staging@example.com"), "{log}");
        assert!(metrics.lines().any(|line| line == "eshot_redirected 1"), "{metrics}");
        let (log, _) = told("file:///spool", None);
        assert!(log.contains("WARN") && log.contains("all mail is written to file:///spool"), "{log}");
        let (log, metrics) = told("smtp://localhost", None);
        assert_eq!(log, "");
        assert!(metrics.lines().any(|line| line == "eshot_redirected 0"), "{metrics}");
    }
}
