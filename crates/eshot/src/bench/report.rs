use std::collections::BTreeMap;

use sea_orm::DbBackend;
use serde::Serialize;

use super::cost;
use super::rate::per_second;
use super::rig::Rig;
use super::run::Sent;
use super::sample::Read;
use super::verify::Verified;
use crate::cli::{BenchSend, Signing};

/// What is printed. Microseconds are processor time and stand for one message each.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    recipients: u32,
    database: &'static str,
    dkim: &'static str,
    connections: u32,
    senders: u32,
    /// On the wire, on average.
    message_bytes: usize,
    messages_per_second: f64,
    /// Behind the first 10,000, and at the end; a tenth of all each.
    early_per_second: f64,
    late_per_second: f64,
    late_by_early: f64,
    cpu_us: BTreeMap<String, f64>,
    peak_memory_bytes: u64,
    /// People brought on file with their consent, and deliveries written down by the launch.
    seeded_rows_per_second: f64,
    database_rows_per_second: f64,
    database_bytes_per_delivery: u64,
    verified: BTreeMap<&'static str, u64>,
}

impl Report {
    pub(super) fn new(
        wanted: &BenchSend,
        rig: &Rig,
        sent: &Sent,
        read: &Read,
        verified: &Verified,
    ) -> anyhow::Result<Self> {
        let recipients = u64::from(wanted.recipients);
        let (early, late) = (sent.progress.early(), sent.progress.late());
        Ok(Self {
            recipients: wanted.recipients,
            database: if rig.db.backend() == DbBackend::Sqlite { "sqlite" } else { "postgres" },
            dkim: match wanted.dkim {
                Signing::None => "none",
                Signing::Ed25519 => "ed25519",
                Signing::Rsa => "rsa",
                Signing::Both => "both",
            },
            connections: wanted.connections.get(),
            senders: wanted.senders,
            message_bytes: read.bytes,
            messages_per_second: rounded(sent.progress.rate()),
            early_per_second: rounded(early),
            late_per_second: rounded(late),
            late_by_early: rounded(late / early),
            cpu_us: cpu(sent, recipients as f64),
            peak_memory_bytes: cost::peak_memory()?,
            seeded_rows_per_second: rounded(per_second(recipients, rig.seeded_in)),
            database_rows_per_second: rounded(per_second(recipients, sent.launched_in)),
            database_bytes_per_delivery: sent.grown / recipients,
            verified: [
                ("deliveries", verified.deliveries),
                ("attempts", verified.attempts),
                ("facts", verified.facts),
                ("sample_messages", read.messages as u64),
                ("sample_links", read.links as u64),
            ]
            .into(),
        })
    }
}

/// `process` is this program: the sender's stages, SQLite's threads where there are some, and the rest. `postgres` is beside it.
fn cpu(sent: &Sent, recipients: f64) -> BTreeMap<String, f64> {
    let cost = &sent.cost;
    let known = cost.stages.values().sum::<f64>() + cost.sqlite;
    let mut each = cost.stages.clone();
    each.insert("process".to_owned(), cost.process);
    each.insert("rest".to_owned(), cost.process - known);
    each.insert("sqlite".to_owned(), cost.sqlite);
    each.extend(cost.postgres.map(|spent| ("postgres".to_owned(), spent)));
    each.into_iter().map(|(what, spent)| (what, rounded(spent / recipients))).collect()
}

/// To a hundredth: the rest is noise.
fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}
