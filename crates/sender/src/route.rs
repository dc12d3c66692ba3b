use std::sync::Arc;

use crate::folder::Folder;
use crate::relay::{Probe, Relay};

/// Where mail goes.
#[derive(Clone, Debug)]
pub enum Route {
    /// To an SMTP server, which takes it to people.
    Smtp(Arc<Relay>),
    /// Into a folder, and to nobody.
    Folder(Folder),
}

impl Route {
    /// The name in attempts, logs and reports.
    pub fn name(&self) -> String {
        match self {
            Self::Smtp(relay) => relay.name(),
            Self::Folder(folder) => folder.name(),
        }
    }

    /// Whether it would take mail from us, step by step. Nothing is sent.
    pub async fn probe(&self) -> Probe {
        match self {
            Self::Smtp(relay) => relay.probe().await,
            Self::Folder(folder) => folder.probe().await,
        }
    }
}

impl From<Relay> for Route {
    fn from(relay: Relay) -> Self {
        Self::Smtp(Arc::new(relay))
    }
}

impl From<Folder> for Route {
    fn from(folder: Folder) -> Self {
        Self::Folder(folder)
    }
}
