//! The envelope of a mail that lies somewhere, as far as its head tells.

use domain::EmailAddress;
use links::Links;

use crate::fields::{self, Field};
use crate::identify::Door;

/// Who a mail was sent by, and to whom.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// Empty for reports.
    pub(crate) from: String,
    pub(crate) to: EmailAddress,
}

/// The fields in which servers write whom they deliver to: Postfix, Exim, Dovecot, and those that fetch mail.
const DELIVERED: [&str; 5] = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To"];

/// The fields in which the sender says whom the mail is for.
const ADDRESSED: [&str; 2] = ["To", "Cc"];

/// A head at most; what stands behind is not looked at.
const HEAD: usize = 64 * 1_024;

/// More addresses than this are not asked for a token.
const ADDRESSES: usize = 100;

impl Envelope {
    /// The envelope that a mail came in, by its head: to the first address with a token of ours, wherever it stands, for a token proves
    /// itself; else to the first that a server has written; else to `otherwise`.
    pub(crate) fn of(links: &Links, raw: &[u8], otherwise: &EmailAddress) -> Self {
        let head = String::from_utf8_lossy(head(raw));
        let groups = fields::groups(&head);
        let fields = groups.first().map_or(&[][..], Vec::as_slice);
        let delivered: Vec<EmailAddress> = addresses(fields, &DELIVERED).collect();
        let has_token =
            |to: &&EmailAddress| matches!(Door::of(links, to), Ok(Door::Delivery(_) | Door::Unsubscribe(_)));
        let addressed: Vec<EmailAddress> = addresses(fields, &ADDRESSED).collect();
        let token = delivered.iter().chain(&addressed).take(ADDRESSES).find(has_token);
        let to = token.or(delivered.first()).unwrap_or(otherwise).clone();
        let from = addresses(fields, &["Return-Path"]).next().map_or_else(String::new, |from| from.to_string());
        Self { from, to }
    }
}

/// What stands before the first blank line.
fn head(raw: &[u8]) -> &[u8] {
    let raw = raw.get(..HEAD).unwrap_or(raw);
    let ends = [&b"\n\r\n"[..], b"\n\n"].into_iter().filter_map(|end| memchr::memmem::find(raw, end));
    ends.min().map_or(raw, |end| &raw[..=end])
}

/// The addresses in the fields of these names: those of the first name first.
fn addresses<'a>(fields: &'a [Field<'_>], names: &'a [&str]) -> impl Iterator<Item = EmailAddress> + 'a {
    let values = names.iter().flat_map(|name| fields.iter().filter(|field| field.is(name)));
    let words = values.flat_map(|field| {
        field.value.split(|char: char| char.is_whitespace() || matches!(char, ',' | ';' | '<' | '>' | '"' | '(' | ')'))
    });
    words.filter(|word| word.contains('@')).take(ADDRESSES).filter_map(|word| word.trim_end_matches(':').parse().ok())
}

#[cfg(test)]
mod tests {
    use domain::{DeliveryKey, MailingNo, MasterKeys, Ordinal};
    use links::Site;

    use super::*;

    fn links() -> Links {
        Links::new(&"1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse::<MasterKeys>().unwrap())
    }

    fn token() -> EmailAddress {
        let site = Site::new("https://news.example.com".parse().unwrap(), "bounce.example.com").unwrap();
        links().return_path(&site, DeliveryKey::new(MailingNo(1), Ordinal(2))).unwrap()
    }

    fn to(head: &str) -> String {
        let mailbox = "returns@example.com".parse().unwrap();
        Envelope::of(&links(), head.replace("TOKEN", token().as_str()).as_bytes(), &mailbox).to.to_string()
    }

    #[test]
    fn the_address_with_a_token_is_found_wherever_it_stands() {
        for head in [
            "Delivered-To: TOKEN\r\n\r\nText",
            "Delivered-To: catch-all@example.com\r\nX-Original-To: TOKEN\r\n\r\nText",
            "Delivered-To: catch-all@example.com\nTo: \"Bounces\" <TOKEN>\n\nText",
            "Received: by mx.example.com\r\n\tfor <a@example.com>\r\nEnvelope-to: <TOKEN>, b@example.com\r\n\r\n",
            "To: undisclosed-recipients:;\r\nCc: Ada <ada@example.com>,\r\n TOKEN\r\n\r\n",
        ] {
            assert_eq!(to(head), token().to_string(), "{head}");
        }
    }

    #[test]
    fn without_a_token_it_is_whom_a_server_delivered_to_or_the_mailbox() {
        assert_eq!(to("Delivered-To: abuse@example.com\r\nTo: ada@example.com\r\n\r\n"), "abuse@example.com");
        assert_eq!(to("To: ada@example.com\r\n\r\nDelivered-To: TOKEN\r\n"), "returns@example.com");
        assert_eq!(to(""), "returns@example.com");
        assert_eq!(to(&"\u{0}ÿ\r".repeat(100_000)), "returns@example.com");
    }

    #[test]
    fn the_sender_is_the_return_path_and_of_a_report_nobody() {
        let from = |head: &str| Envelope::of(&links(), head.as_bytes(), &token()).from;
        assert_eq!(from("Return-Path: <ada@example.com>\r\n\r\n"), "ada@example.com");
        assert_eq!(from("Return-Path: <>\r\n\r\n"), "");
    }
}
