use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::folder::Folder;
use crate::relay::{Probe, Relay};
use crate::service::Service;

/// Where mail goes.
#[derive(Clone, Debug)]
pub enum Route {
    /// To an SMTP server, which takes it to people.
    Smtp(Arc<Relay>),
    /// To a mail service over HTTP, which takes it to people.
    Service(Arc<Service>),
    /// Into a folder, and to nobody.
    Folder(Folder),
}

impl Route {
    /// The name in attempts, logs and reports.
    pub fn name(&self) -> String {
        match self {
            Self::Smtp(relay) => relay.name(),
            Self::Service(service) => service.name(),
            Self::Folder(folder) => folder.name(),
        }
    }

    /// Whether it would take mail from us at this time, step by step. Nothing is sent.
    pub async fn probe(&self, now: DateTime<Utc>) -> Probe {
        match self {
            Self::Smtp(relay) => relay.probe().await,
            Self::Service(service) => service.probe(now).await,
            Self::Folder(folder) => folder.probe().await,
        }
    }
}

impl From<Relay> for Route {
    fn from(relay: Relay) -> Self {
        Self::Smtp(Arc::new(relay))
    }
}

impl From<Service> for Route {
    fn from(service: Service) -> Self {
        Self::Service(Arc::new(service))
    }
}

impl From<Folder> for Route {
    fn from(folder: Folder) -> Self {
        Self::Folder(folder)
    }
}
