//! Our signatures before verifiers that share no code with us: dkimpy and Mail::DKIM.

#![expect(clippy::unwrap_used, reason = "tests")]

use brands::key::{Algorithm, SigningKey};
use domain::Actor;
use sender::dkim::Signer;
use testkit::verifier::VERIFIERS;
use testkit::{TestDb, keys, start_of_time};

const DOMAIN: &str = "example.com";

async fn signing_keys() -> Vec<SigningKey> {
    let db = TestDb::sqlite().await;
    for algorithm in Algorithm::ALL {
        brands::key::create(db.database(), &keys(), DOMAIN, algorithm, &Actor::System, start_of_time()).await.unwrap();
    }
    brands::key::active(db.database().reader(), &keys(), DOMAIN).await.unwrap()
}

fn records(keys: &[SigningKey]) -> Vec<(String, String)> {
    keys.iter().map(|key| key.info.dns_record()).map(|record| (record.name, record.value)).collect()
}

/// Messages with what is awkward to sign: folded and encoded headers, dots, blanks at ends of lines, empty bodies.
fn messages() -> Vec<Vec<u8>> {
    let head = "Message-ID: <m@example.com>\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\nFrom: Offers <offers@example.com>\r\n\
                To: ada@example.org\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?b?IGF1cyBL?=\r\n\
                List-Unsubscribe: <https://news.example.com/u/abcdefghijklmnopqrstuvwxyz234567>,\r\n <mailto:unsub-abc@bounce.example.com>\r\n\
                List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: Offers <offers.example.com>\r\n\
                MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n";
    [
        "",
        "\r\n",
        "Hello\r\n",
        "Hello",
        ".\r\n..\r\n. dot\r\n",
        "blank  \r\n\ttab \t\r\n\r\n\r\n",
        "long =\r\nline=20\r\n",
    ]
    .into_iter()
    .map(|body| format!("{head}\r\n{body}").into_bytes())
    .collect()
}

#[tokio::test]
async fn both_signatures_verify_and_a_second_header_breaks_them() {
    let keys = signing_keys().await;
    let (signer, records) = (Signer::new(&keys).unwrap(), records(&keys));
    let sign = |raw: &Vec<u8>| signer.sign(raw.clone(), start_of_time()).unwrap();
    let redirected = [b"X-Original-To: ada@example.org\r\n".as_slice(), &messages()[2]].concat();
    let mut good: Vec<_> = messages().iter().chain([&redirected]).map(sign).collect();
    let mut forged = forgeries(&String::from_utf8(good[2].clone()).unwrap());
    // A server may say whom a mail was for that does not say so itself; what does say so is not changed.
    good.push([b"X-Original-To: alias@example.org\r\n".as_slice(), &good[2]].concat());
    let redirected = String::from_utf8(sign(&redirected)).unwrap();
    forged.push(redirected.replace("X-Original-To: ada@", "X-Original-To: bob@").into_bytes());
    for verifier in VERIFIERS {
        let Some(said) = verifier.verify(&good, &records) else { continue };
        assert_eq!(said, vec![verifier.expected("pass"); good.len()], "{}", verifier.name());
        let said = verifier.verify(&forged, &records).unwrap();
        assert_eq!(said.len(), forged.len());
        for (said, message) in said.iter().zip(&forged) {
            assert_eq!(*said, verifier.expected("fail"), "{}:\n{}", verifier.name(), String::from_utf8_lossy(message));
        }
    }
}

/// The message with a second header of each kind that a mail program might show instead, on top and below, and with another body.
fn forgeries(signed: &str) -> Vec<Vec<u8>> {
    let mut forgeries = vec![signed.replace("Hello", "Hullo").into_bytes()];
    for second in [
        "From: Somebody <else@example.com>",
        "Reply-To: else@example.com",
        "Subject: Not this",
        "To: bob@example.org",
        "Cc: bob@example.org",
        "Date: Tue, 03 Mar 2026 09:00:00 +0000",
        "Content-Type: text/html",
        "List-Unsubscribe: <https://evil.example/u/x>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ] {
        forgeries.push(format!("{second}\r\n{signed}").into_bytes());
        forgeries.push(signed.replacen("\r\n\r\n", &format!("\r\n{second}\r\n\r\n"), 1).into_bytes());
    }
    forgeries
}

#[tokio::test]
async fn the_signature_names_what_receivers_ask_for() {
    let keys = signing_keys().await;
    let signed = Signer::new(&keys).unwrap().sign(messages()[2].clone(), start_of_time()).unwrap();
    let text = String::from_utf8(signed).unwrap();
    let signatures: Vec<_> = text.split("DKIM-Signature: ").skip(1).collect();
    assert_eq!(signatures.len(), 2);
    for signature in signatures {
        let signature = signature.replace("\r\n\t", "");
        assert!(signature.contains("c=relaxed/relaxed"), "{signature}");
        assert!(signature.contains("d=example.com"), "{signature}");
        // The time is the one that was handed in.
        assert!(signature.contains(&format!("t={}", start_of_time().timestamp())), "{signature}");
        assert!(!signature.contains(" l=") && !signature.contains(" x="), "{signature}");
        let names = signature.split("h=").nth(1).unwrap().split(';').next().unwrap().to_lowercase();
        let times = |name: &str| names.split(':').filter(|one| one.trim() == name).count();
        for name in
            ["from", "to", "subject", "date", "reply-to", "content-type", "list-unsubscribe", "list-unsubscribe-post"]
        {
            assert_eq!(times(name), 2, "{name} in {names}");
        }
        for name in
            ["message-id", "mime-version", "list-id", "feedback-id", "cfbl-address", "content-transfer-encoding"]
        {
            assert!(times(name) > 0, "{name} in {names}");
        }
        for name in ["return-path", "received", "bcc", "x-original-to"] {
            assert_eq!(times(name), 0, "{name} in {names}");
        }
    }
}

#[tokio::test]
async fn whom_a_redirected_mail_was_for_is_signed() {
    let raw = [b"X-Original-To: ada@example.org\r\n".as_slice(), &messages()[2]].concat();
    let signed = Signer::new(&signing_keys().await).unwrap().sign(raw.clone(), start_of_time()).unwrap();
    let text = String::from_utf8(signed).unwrap().replace("\r\n\t", "").to_lowercase();
    let signatures: Vec<_> = text.split("dkim-signature: ").skip(1).collect();
    assert_eq!(signatures.len(), 2);
    for signature in signatures {
        let names = signature.split("h=").nth(1).unwrap().split(';').next().unwrap();
        assert!(names.split(':').any(|name| name.trim() == "x-original-to"), "{names}");
    }
}

#[tokio::test]
async fn without_a_key_a_message_stays_as_it_is() {
    let signer = Signer::new(&[]).unwrap();
    assert!(signer.is_empty());
    assert_eq!(signer.sign(messages()[2].clone(), start_of_time()).unwrap(), messages()[2]);
}
