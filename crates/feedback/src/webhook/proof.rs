//! What proves that a request is from the service: signatures, and how old they may be.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};

/// The request does not prove that it is the service's. Which part of the proof is missing is nobody's business.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request does not prove whom it is from")]
pub struct Unproven;

/// Something in a request that is good once, such as Mailgun's token: its signature covers nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Once(pub(super) Vec<u8>);

/// How far clocks may differ, and how long a request may be under way.
pub(super) const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Whether a time in seconds since 1970 is of now: not older than `age`, and ahead no more than clocks differ.
pub(super) fn is_fresh(seconds: &str, age: TimeDelta, now: DateTime<Utc>) -> Result<(), Unproven> {
    let is_number = !seconds.is_empty() && seconds.len() <= 12 && seconds.bytes().all(|byte| byte.is_ascii_digit());
    let at = seconds.parse().ok().filter(|_| is_number).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    is_recent(at.ok_or(Unproven)?, age, now)
}

/// The same for a time that is read already.
pub(super) fn is_recent(at: DateTime<Utc>, age: TimeDelta, now: DateTime<Utc>) -> Result<(), Unproven> {
    let old = now.signed_duration_since(at);
    if old <= age && old >= -TOLERANCE { Ok(()) } else { Err(Unproven) }
}

/// Whether a MAC is the right one, compared in constant time.
pub(super) fn is_mac(key: &hmac::Key, parts: &[&[u8]], mac: &[u8]) -> Result<(), Unproven> {
    let mut context = hmac::Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    verify_slices_are_equal(context.sign().as_ref(), mac).map_err(|_| Unproven)
}

/// Whether two secrets are the same, in a time that tells neither where they differ nor how long ours is.
pub(super) fn is_same(given: &[u8], ours: &[u8]) -> Result<(), Unproven> {
    let hash = |secret| digest(&SHA256, secret);
    verify_slices_are_equal(hash(given).as_ref(), hash(ours).as_ref()).map_err(|_| Unproven)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_fresh_within_its_tolerance_and_in_no_other_writing() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let fresh = |text: &str| is_fresh(text, TOLERANCE, now).is_ok();
        for text in ["1000000", "999700", "1000300"] {
            assert!(fresh(text), "{text}");
        }
        for text in [
            "999699",
            "1000301",
            "",
            "+1000000",
            "-1",
            "1e6",
            " 1000000",
            "999999999999",
            "1000000.0",
            "9".repeat(40).as_str(),
        ] {
            assert!(!fresh(text), "{text}");
        }
    }

    #[test]
    fn secrets_are_the_same_or_not() {
        assert_eq!(is_same(b"secret", b"secret"), Ok(()));
        for other in [&b""[..], b"secre", b"secret1", b"Secret"] {
            assert_eq!(is_same(other, b"secret"), Err(Unproven));
        }
    }
}
