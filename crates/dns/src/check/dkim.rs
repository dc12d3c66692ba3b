use data_encoding::BASE64;
use domain::DnsRecord;

use crate::tags::Tags;
use crate::{Finding, LookupError, Resolver, Standing, Subject};

/// Whether the key that verifiers find is the one that signs.
pub(super) async fn check(resolver: &Resolver, expected: &DnsRecord) -> Result<Finding, LookupError> {
    let found = |standing, words| Finding::new(Subject::Dkim, standing, &expected.name, words);
    let texts = resolver.texts(&expected.name).await?;
    let (standing, words) = match texts.as_slice() {
        [] => (Standing::Wrong, "the key is not published"),
        [published] => compare(&Tags::of(published), &Tags::of(&expected.value)),
        // RFC 6376 §3.6.2.2: what a verifier makes of several is undefined.
        _ => (Standing::Wrong, "there are several records; a verifier may take any of them"),
    };
    let finding = found(standing, words);
    Ok(if standing == Standing::Good { finding } else { finding.publish(expected.clone()) })
}

/// RFC 6376 §3.6.1.
fn compare(published: &Tags<'_>, expected: &Tags<'_>) -> (Standing, &'static str) {
    let wrong = |words| (Standing::Wrong, words);
    let key_type = |tags: &Tags<'_>| tags.get("k").unwrap_or("rsa").to_ascii_lowercase();
    let lists = |tag, right: &[&str]| {
        published.get(tag).is_none_or(|value| value.split(':').any(|one| right.contains(&one.trim())))
    };
    if published.get("v").is_some_and(|version| version != "DKIM1" || published.first() != Some(("v", version))) {
        return wrong("the record is no DKIM record: v=DKIM1 must stand first");
    }
    match published.get("p") {
        None => return wrong("the record holds no key (p=)"),
        Some("") => return wrong("the published key is revoked (an empty p=)"),
        Some(_) => {}
    }
    if key_type(published) != key_type(expected) {
        return wrong("the published key is of another type (k=)");
    }
    if key_bytes(published).is_none() || key_bytes(published) != key_bytes(expected) {
        return wrong("another key is published than the one that signs");
    }
    if !lists("h", &["sha256"]) {
        return wrong("the record forbids SHA-256 (h=)");
    }
    if !lists("s", &["*", "email"]) {
        return wrong("the record is not for mail (s=)");
    }
    if published.get("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) {
        return (Standing::Warning, "the record says that it is a test (t=y): verifiers may ignore it");
    }
    (Standing::Good, "the key that signs is published")
}

/// The key without the blanks that a record may hold (RFC 6376 §2.10).
fn key_bytes(tags: &Tags<'_>) -> Option<Vec<u8>> {
    let text: String = tags.get("p")?.split_ascii_whitespace().collect();
    BASE64.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(published: &str) -> Standing {
        compare(&Tags::of(published), &Tags::of("v=DKIM1; k=rsa; p=AQID")).0
    }

    #[test]
    fn a_record_may_be_written_in_several_ways() {
        for published in ["v=DKIM1; k=rsa; p=AQID", "p=AQID", "v=DKIM1;k=rsa;h=sha1:sha256;s=email;p=A QI\tD;"] {
            assert_eq!(standing(published), Standing::Good, "{published}");
        }
    }

    #[test]
    fn a_record_that_would_not_verify_is_wrong() {
        for published in [
            "v=DKIM1; k=rsa; p=",
            "v=DKIM1; k=rsa",
            "v=DKIM1; k=rsa; p=AQIE",
            "v=DKIM1; k=rsa; p=???",
            "v=DKIM1; k=ed25519; p=AQID",
            "v=DKIM1; h=sha1; p=AQID",
            "v=DKIM1; s=tlsrpt; p=AQID",
            "v=DKIM2; p=AQID",
            "k=rsa; v=DKIM1; p=AQID",
            "something else",
        ] {
            assert_eq!(standing(published), Standing::Wrong, "{published}");
        }
    }

    #[test]
    fn a_test_record_is_warned_of() {
        assert_eq!(standing("v=DKIM1; t=y:s; p=AQID"), Standing::Warning);
    }
}
