use super::*;

fn made(url: &str, key_id: &str) -> Result<Service, InvalidService> {
    Service::new(Settings::new(url.parse().unwrap(), key_id, "secret"))
}

#[test]
fn a_url_says_which_service_and_where() {
    for (url, key_id, name, encrypted) in [
        ("ses://eu-west-1", "AKID", "email.eu-west-1.amazonaws.com:443", true),
        (
            "ses+https://vpce-1.email.eu-west-1.vpce.amazonaws.com/eu-west-1",
            "AKID",
            "vpce-1.email.eu-west-1.vpce.amazonaws.com:443",
            true,
        ),
        ("ses+http://127.0.0.1:8080/eu-west-1?configuration_set=news", "AKID", "127.0.0.1:8080", false),
        ("sendgrid://api.eu.sendgrid.com", "", "api.eu.sendgrid.com:443", true),
        ("mailgun://api.mailgun.net/mg.example.com", "", "api.mailgun.net:443", true),
        ("postmark://api.postmarkapp.com?stream=broadcast", "", "api.postmarkapp.com:443", true),
        ("postmark+http://[::1]:8080", "", "[::1]:8080", false),
    ] {
        let service = made(url, key_id).unwrap();
        assert_eq!((service.name().as_str(), service.tls.is_some()), (name, encrypted), "{url}");
    }
}

#[test]
fn a_wrong_url_or_key_says_what_would_be_right() {
    for (url, key_id, message) in [
        ("ses://eu-west-1/x", "AKID", "the URL of this mail service is ses://REGION, or ses+https://HOST/REGION"),
        (
            "ses+https://email.example",
            "AKID",
            "the URL of this mail service is ses://REGION, or ses+https://HOST/REGION",
        ),
        (
            "ses+http://email.example/eu-west-1",
            "AKID",
            "mail services are spoken to over https; http is for this machine only",
        ),
        (
            "ses+ftp://127.0.0.1/eu-west-1",
            "AKID",
            "mail services are spoken to over https; http is for this machine only",
        ),
        (
            "ses://user:secret@eu-west-1",
            "AKID",
            "the URL of a mail service holds no credentials; they have settings of their own",
        ),
        (
            "ses://eu-west-1?set=news",
            "AKID",
            "the URL of this mail service takes ?configuration_set=NAME, not \"set=news\"",
        ),
        (
            "ses://eu-west-1?configuration_set=a%22b",
            "AKID",
            "the URL of this mail service takes ?configuration_set=NAME, not \"configuration_set=a\\\"b\"",
        ),
        ("ses://eu-west-1", "", "this mail service wants the id of an access key beside its secret"),
        ("ses://eu-west-1", "a b", "a key is printable ASCII without blanks"),
        (
            "sendgrid://api.sendgrid.com/v3",
            "",
            "the URL of this mail service is sendgrid://api.sendgrid.com, or api.eu.sendgrid.com",
        ),
        (
            "sendgrid://api.sendgrid.com?stream=x",
            "",
            "the URL of this mail service takes nothing behind a ?, not \"stream=x\"",
        ),
        ("sendgrid://api.sendgrid.com", "apikey", "this mail service is told a key and no name"),
        (
            "mailgun://api.mailgun.net",
            "",
            "the URL of this mail service is mailgun://api.mailgun.net/DOMAIN, or api.eu.mailgun.net",
        ),
        (
            "postmark:///",
            "",
            "the URL of a mail service names its host, as in postmark://api.postmarkapp.com, or for Amazon SES its region, as in ses://eu-west-1",
        ),
    ] {
        assert_eq!(made(url, key_id).unwrap_err().to_string(), message, "{url}");
    }
}

#[test]
fn a_key_is_in_no_debug_output() {
    let settings = Settings::new("ses://eu-west-1".parse().unwrap(), "AKID", "hunter2");
    let shown = format!("{settings:?} {:?}", Service::new(settings.clone()).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_request_keeps_its_credentials_out_of_debug_outputs() {
    let service = made("ses://eu-west-1", "AKID").unwrap();
    let call = service.ask("2026-03-02T09:30:00Z".parse().unwrap());
    let shown = format!("{:?}", call.headers);
    assert!(shown.contains("Sensitive") && !shown.contains("Signature="), "{shown}");
}
