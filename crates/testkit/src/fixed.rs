use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::MasterKeys;

/// The moment at which every test begins: 2026-03-02 09:00 UTC, a Monday.
pub fn start_of_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000, 0).unwrap_or_default()
}

/// Two generations of master keys that are known to all: the first is retired from making new things.
#[expect(clippy::expect_used, reason = "the text is right there")]
pub fn keys() -> Arc<MasterKeys> {
    let text = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";
    Arc::new(text.parse().expect("two keys"))
}
