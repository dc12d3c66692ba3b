use domain::{DeliveryKey, EmailAddress, MailingNo, Ordinal};

use crate::{Links, Refused, Site, Unfit};

/// What a return path begins with.
const RETURN_PATH: &str = "b-";
/// What the left side of a Message-ID begins with.
const MESSAGE_ID: &str = "m-";

/// Mailing u32, ordinal u40.
pub(crate) type Payload = [u8; 9];

impl Links {
    /// The envelope sender of a delivery (VERP), so that a report tells what it is about by the address it comes to.
    pub fn return_path(&self, site: &Site, key: DeliveryKey) -> Result<EmailAddress, Unfit> {
        Ok(site.mailbox(&format!("{RETURN_PATH}{}", self.return_path.sign(&pack(key)?)))?)
    }

    /// The delivery that a returned mail's recipient names. The domain is not looked at: the token decides.
    pub fn read_return_path(&self, address: &EmailAddress) -> Result<DeliveryKey, Refused> {
        let token = address.local_part().strip_prefix(RETURN_PATH).ok_or(Refused::Malformed)?;
        self.return_path.read(token).map(unpack)
    }

    /// The delivery's Message-ID (RFC 5322 §3.6.4), without angle brackets. It is the same for every attempt that is made
    /// under one generation of the master key.
    pub fn message_id(&self, site: &Site, key: DeliveryKey) -> Result<String, Unfit> {
        Ok(format!("{MESSAGE_ID}{}@{}", self.message_id.sign(&pack(key)?), site.bounce_domain()))
    }

    /// The delivery that a Message-ID names, with or without angle brackets.
    pub fn read_message_id(&self, text: &str) -> Result<DeliveryKey, Refused> {
        let text = text.trim().trim_start_matches('<').trim_end_matches('>');
        let (left, _) = text.split_once('@').ok_or(Refused::Malformed)?;
        self.message_id.read(strip_prefix_in_any_case(left, MESSAGE_ID)?).map(unpack)
    }

    /// The delivery's envelope id for the ENVID of MAIL FROM (RFC 3461 §4.4). It needs no xtext encoding.
    pub fn envid(&self, key: DeliveryKey) -> Result<String, Unfit> {
        Ok(self.envelope_id.sign(&pack(key)?))
    }

    /// The delivery that the Original-Envelope-Id of a report names (RFC 3464 §2.2.1).
    pub fn read_envid(&self, text: &str) -> Result<DeliveryKey, Refused> {
        self.envelope_id.read(text.trim()).map(unpack)
    }
}

pub(crate) fn pack(key: DeliveryKey) -> Result<Payload, Unfit> {
    let mailing = mailing_bytes(key.mailing)?;
    let unfit = Unfit::Ordinal(key.ordinal.0);
    let [0, 0, 0, ordinal @ ..] = key.ordinal.0.to_be_bytes() else { return Err(unfit) };
    let mut payload = Payload::default();
    payload[..4].copy_from_slice(&mailing);
    payload[4..].copy_from_slice(&ordinal);
    Ok(payload)
}

pub(crate) fn unpack([a, b, c, d, ordinal @ ..]: Payload) -> DeliveryKey {
    let [e, f, g, h, i] = ordinal;
    DeliveryKey::new(mailing_from([a, b, c, d]), Ordinal(i64::from_be_bytes([0, 0, 0, e, f, g, h, i])))
}

pub(crate) fn mailing_bytes(mailing: MailingNo) -> Result<[u8; 4], Unfit> {
    u32::try_from(mailing.0).map(u32::to_be_bytes).map_err(|_| Unfit::Mailing(mailing.0))
}

pub(crate) fn mailing_from(bytes: [u8; 4]) -> MailingNo {
    MailingNo(i64::from(u32::from_be_bytes(bytes)))
}

fn strip_prefix_in_any_case<'a>(text: &'a str, prefix: &str) -> Result<&'a str, Refused> {
    match text.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => Ok(rest),
        _ => Err(Refused::Malformed),
    }
}
