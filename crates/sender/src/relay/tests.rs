use super::*;

fn settings(url: &str) -> Settings {
    Settings::new(url.parse().unwrap())
}

fn relay(url: &str) -> Relay {
    Relay::new(settings(url)).unwrap()
}

#[test]
fn a_url_says_where_and_how() {
    for (url, name, security) in [
        ("smtp://mail.example.com", "mail.example.com:25", Security::StartTls(Policy::Opportunistic)),
        ("smtp+starttls://mail.example.com", "mail.example.com:587", Security::StartTls(Policy::Required)),
        ("smtps://mail.example.com", "mail.example.com:465", Security::Implicit),
        ("smtps://[::1]:4650/", "[::1]:4650", Security::Implicit),
    ] {
        let relay = relay(url);
        assert_eq!((relay.name().as_str(), relay.security), (name, security), "{url}");
    }
}

#[test]
fn a_wrong_url_says_what_would_be_right() {
    for (url, message) in [
        ("http://mail.example.com", "a relay's URL begins with smtp://, smtp+starttls:// or smtps://, not http://"),
        ("smtp:///", "a relay's URL names a host, as in smtp://mail.example.com:25"),
        (
            "smtp://user:secret@mail.example.com",
            "a relay's URL holds no login; name and password have settings of their own",
        ),
        ("smtp://mail.example.com/inbox", "a relay's URL ends with host and port"),
    ] {
        assert_eq!(Relay::new(settings(url)).unwrap_err().to_string(), message, "{url}");
    }
}

#[test]
fn a_password_is_never_meant_for_an_open_or_unverified_connection() {
    let credentials = |proof| Some(Credentials { user: "eshot".into(), proof });
    for (url, policy, fits) in [
        ("smtp://mail.example.com", Policy::None, false),
        ("smtp://mail.example.com", Policy::Opportunistic, false),
        ("smtp://mail.example.com", Policy::Required, true),
        ("smtp+starttls://mail.example.com", Policy::None, true),
        ("smtps://mail.example.com", Policy::None, true),
    ] {
        for proof in [Proof::Password("secret".into()), Proof::TokenFile("token".into())] {
            let made = Relay::new(Settings { credentials: credentials(proof.clone()), policy, ..settings(url) });
            assert_eq!(made.is_ok(), fits, "{url} {policy:?} {proof:?}");
        }
    }
}

#[test]
fn a_greeting_cannot_carry_a_command() {
    let made = Relay::new(Settings { hello: Some("x\r\nRSET".into()), ..settings("smtp://mail.example.com") });
    assert!(matches!(made, Err(InvalidRelay::Hello(_))));
}
