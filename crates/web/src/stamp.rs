use aws_lc_rs::hmac;
use chrono::{DateTime, Duration, Utc};
use domain::{KeyId, MasterKeys, Purpose};

/// Signs when a form was handed out, so that its coming back too soon shows without any state of ours.
///
/// As text `SECONDS.KEY.MAC`: the time since 1970, the key's id, 128 bits of HMAC-SHA-256 in base32.
#[derive(Debug)]
pub(crate) struct Stamps {
    keys: Vec<(KeyId, hmac::Key)>,
}

/// What a returned stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Faster than a person fills in a form.
    TooYoung,
    /// As a person would.
    Good,
    /// From long ago, of another form, or none of ours.
    Stale,
}

/// A person with a browser that fills in everything still needs this long.
const YOUNGEST: Duration = Duration::seconds(2);
/// A page left open overnight is still good.
const OLDEST: Duration = Duration::hours(24);

impl Stamps {
    /// Derives the keys of every generation, the newest last.
    pub(crate) fn new(keys: &MasterKeys) -> Self {
        let derived = |id| Some((id, hmac::Key::new(hmac::HMAC_SHA256, &keys.derive(id, Purpose::FormStamp)?)));
        Self { keys: keys.generations().filter_map(derived).collect() }
    }

    /// A stamp for this form, handed out at `now`.
    pub(crate) fn issue(&self, form: &str, now: DateTime<Utc>) -> String {
        let Some((id, key)) = self.keys.last() else { return String::new() };
        let seconds = now.timestamp();
        format!("{seconds}.{}.{}", id.0, mac(key, form, seconds))
    }

    /// How old a form's stamp is.
    pub(crate) fn age(&self, form: &str, stamp: &str, now: DateTime<Utc>) -> Age {
        let Some(issued) = self.read(form, stamp) else { return Age::Stale };
        match now - issued {
            age if age < YOUNGEST => Age::TooYoung,
            age if age > OLDEST => Age::Stale,
            _ => Age::Good,
        }
    }

    fn read(&self, form: &str, stamp: &str) -> Option<DateTime<Utc>> {
        let mut parts = stamp.splitn(3, '.');
        let seconds: i64 = parts.next()?.parse().ok()?;
        let id = KeyId(parts.next()?.parse().ok()?);
        let mac = data_encoding::BASE32_NOPAD.decode(parts.next()?.to_ascii_uppercase().as_bytes()).ok()?;
        let (_, key) = self.keys.iter().find(|(known, _)| *known == id)?;
        let right = hmac::sign(key, message(form, seconds).as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(right.as_ref().get(..16)?, &mac).ok()?;
        DateTime::from_timestamp(seconds, 0)
    }
}

fn mac(key: &hmac::Key, form: &str, seconds: i64) -> String {
    let tag = hmac::sign(key, message(form, seconds).as_bytes());
    data_encoding::BASE32_NOPAD.encode(tag.as_ref().get(..16).unwrap_or_default()).to_ascii_lowercase()
}

fn message(form: &str, seconds: i64) -> String {
    format!("{seconds}:{form}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(id: u8) -> Stamps {
        let line = format!("{id}:{}", data_encoding::BASE64.encode(&[id; 32]));
        Stamps::new(&line.parse().unwrap())
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_stamp_tells_robots_from_people_by_their_haste() {
        let stamps = stamps(1);
        let stamp = stamps.issue("offers", at(0));
        assert_eq!(stamps.age("offers", &stamp, at(1)), Age::TooYoung);
        assert_eq!(stamps.age("offers", &stamp, at(20)), Age::Good);
        assert_eq!(stamps.age("offers", &stamp, at(90_000)), Age::Stale);
    }

    #[test]
    fn a_stamp_is_good_for_its_form_and_its_key_alone() {
        let stamp = stamps(1).issue("offers", at(0));
        assert_eq!(stamps(1).age("events", &stamp, at(20)), Age::Stale);
        assert_eq!(stamps(2).age("offers", &stamp, at(20)), Age::Stale);
        assert_eq!(stamps(1).age("offers", &stamp.replacen("170", "160", 1), at(20)), Age::Stale);
        for nonsense in ["", ".", "..", "1.1.", "-1.1.aa", "9999999999999999999.1.aa"] {
            assert_eq!(stamps(1).age("offers", nonsense, at(20)), Age::Stale);
        }
    }
}
