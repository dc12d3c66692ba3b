//! AWS Signature Version 4: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;

/// What a signature is made for, and by which key.
pub(super) struct Scope<'a> {
    pub(super) key_id: &'a str,
    pub(super) secret: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// What of a request is signed. There is no query string.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// The headers that are signed, their names in lower case and in order, `x-amz-date` among them.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// A time as `x-amz-date` has it.
pub(super) fn stamp(now: DateTime<Utc>) -> String {
    now.format("%Y%m%dT%H%M%SZ").to_string()
}

impl Scope<'_> {
    /// The value of the header Authorization.
    pub(super) fn authorization(&self, request: &Signed<'_>, now: DateTime<Utc>) -> String {
        let day = now.format("%Y%m%d").to_string();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let names = request.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let hash = HEXLOWER.encode(digest(&SHA256, request.canonical(&names).as_bytes()).as_ref());
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", stamp(now));
        let signature = HEXLOWER.encode(mac(&self.key(&day), &to_sign).as_ref());
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.key_id)
    }

    /// The key of one day, region and service.
    fn key(&self, day: &str) -> hmac::Tag {
        let first = hmac::sign(&key(format!("AWS4{}", self.secret).as_bytes()), day.as_bytes());
        [self.region, self.service, "aws4_request"].iter().fold(first, |tag, part| mac(&tag, part))
    }
}

impl Signed<'_> {
    fn canonical(&self, names: &str) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let hash = HEXLOWER.encode(digest(&SHA256, self.body).as_ref());
        format!("{}\n{}\n\n{headers}\n{names}\n{hash}", self.method, self.path)
    }
}

fn key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

fn mac(by: &hmac::Tag, text: &str) -> hmac::Tag {
    hmac::sign(&key(by.as_ref()), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scope of AWS's own test suite
    /// (<https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html>).
    const SUITE: Scope<'_> = Scope {
        key_id: "AKIDEXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        service: "service",
    };

    fn then() -> DateTime<Utc> {
        "2015-08-30T12:36:00Z".parse().unwrap()
    }

    #[test]
    fn requests_are_signed_as_in_aws_s_test_suite() {
        let host = ("host", "example.amazonaws.com");
        let date = ("x-amz-date", "20150830T123600Z");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let cases = [
            (
                "get-vanilla",
                "GET",
                &[host, date][..],
                &b""[..],
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "post-vanilla",
                "POST",
                &[host, date][..],
                &b""[..],
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "get-header-key-duplicate",
                "GET",
                &[host, ("my-header1", "value2,value2,value1"), date][..],
                &b""[..],
                "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
            ),
            (
                "post-x-www-form-urlencoded",
                "POST",
                &[form, host, date][..],
                &b"Param1=value1"[..],
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ];
        for (name, method, headers, body, signature) in cases {
            let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={names}, Signature={signature}"
            );
            let found = SUITE.authorization(&Signed { method, path: "/", headers, body }, then());
            assert_eq!(found, expected, "{name}");
        }
    }

    /// <https://docs.aws.amazon.com/general/latest/gr/signature-v4-examples.html>
    #[test]
    fn a_key_is_derived_as_in_aws_s_example() {
        let scope = Scope { service: "iam", ..SUITE };
        let key = HEXLOWER.encode(scope.key("20150830").as_ref());
        assert_eq!(key, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    }
}
