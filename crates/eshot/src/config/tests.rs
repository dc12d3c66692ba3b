use std::fs;

use secrecy::ExposeSecret;

use super::*;

/// What `load` says to this file and these variables.
fn read(file: &str, variables: &[(&str, &str)]) -> Result<Loaded, InvalidConfig> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("eshot.toml");
    fs::write(&path, file).unwrap();
    let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    load(&Sources { file: Some(path), variables, base_url: BaseUrl::Https })
        // The folder's name changes with every run.
        .map_err(|InvalidConfig(problems)| {
            let folder = format!("{}/", folder.path().display());
            let tidy = |problem: Problem| Problem { source: problem.source.replace(&folder, ""), ..problem };
            InvalidConfig(problems.into_iter().map(tidy).collect())
        })
}

fn refused(file: &str, variables: &[(&str, &str)]) -> String {
    read(file, variables).unwrap_err().to_string()
}

#[test]
fn the_default_is_valid() {
    let config = read("", &[]).unwrap().config;
    assert_eq!(config.serve.roles.len(), 4);
    assert_eq!(config.relay.final_timeout.0.as_secs(), 600);
}

#[test]
fn a_variable_goes_over_the_file_and_the_file_over_the_default() {
    let file = "[relay]\nconnections = 7\nhelo = \"a.example\"\n[limits]\nproviders = { gmail = \"5/s\" }\n";
    let variables = [
        ("ESHOT_RELAY__HELO", "b.example"),
        ("ESHOT_RELAY__URL", "smtp://relay.example:587"),
        ("ESHOT_LIMITS__PROVIDERS__MAIL_RU", "1/s"),
        ("ESHOT_LIMITS__RELAY__MESSAGES_PER_CONNECTION", "9"),
        ("ESHOT_LIMITS__PROVIDERS__PROTON__DAILY", "500"),
        ("ESHOT_LIMITS__CAMPAIGN", "30/m"),
        ("ESHOT_HTTP__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
        ("ESHOT_DATABASE__MIGRATE", "false"),
    ];
    let config = read(file, &variables).unwrap().config;
    assert_eq!(config.relay.connections.get(), 7);
    assert_eq!(config.relay.helo.as_deref(), Some("b.example"));
    assert_eq!(config.relay.url.as_str(), "smtp://relay.example:587");
    assert_eq!(config.limits.providers.len(), 3);
    assert_eq!(config.limits.relay.messages_per_connection.map(u32::from), Some(9));
    assert_eq!(config.limits.campaign.rate.map(|rate| rate.to_string()).as_deref(), Some("30/m"));
    assert!(config.http.trusted_proxies[1].contains("10.1.2.3".parse().unwrap()));
    assert!(!config.database.migrate);
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "12345\n").unwrap();
    let login = [("ESHOT_RELAY__USERNAME", "ada"), ("ESHOT_RELAY__TLS", "required")];
    let by_variable = [&login[..], &[("ESHOT_RELAY__PASSWORD_FILE", path.to_str().unwrap())]].concat();
    assert_eq!(read("", &by_variable).unwrap().config.relay.password.expose_secret(), "12345");
    let by_file = format!("[relay]\npassword_file = {:?}", path.to_str().unwrap());
    assert_eq!(read(&by_file, &login).unwrap().config.relay.password.expose_secret(), "12345");
}

#[test]
fn several_relays_have_names_and_each_the_defaults_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "12345\n").unwrap();
    let file = format!(
        "relay.redirect_to = \"staging@example.com\"\n\
         [relays.main]\nurl = \"smtps://relay.example\"\nusername = \"ada\"\npassword_file = {path:?}\nweight = 3\n\
         limit = {{ rate = \"5/s\", daily = 900 }}\n[relays.main-eu]\nbrands = [\"acme\"]\n"
    );
    let variables = [
        ("ESHOT_RELAYS__MAIN__CONNECTIONS", "9"),
        ("ESHOT_RELAYS__MAIN_EU__URL", "smtp+starttls://eu.example"),
        ("ESHOT_RELAYS__MAIN_EU__LIMIT__MESSAGES_PER_CONNECTION", "7"),
        ("ESHOT_RELAYS__MAIN_EU__BRANDS", "acme, zeta"),
        ("ESHOT_RELAYS__SPARE__URL", "smtp://spare.example"),
        ("ESHOT_RELAYS__SPARE__PRIORITY", "2"),
        ("ESHOT_RELAYS__SPARE__LIMIT", "30/m"),
        ("ESHOT_RELAYS__SPARE__TLS", "required"),
        ("ESHOT_RELAYS__SPARE__USERNAME", "ada"),
        ("ESHOT_RELAYS__SPARE__PASSWORD_FILE", path.to_str().unwrap()),
    ];
    let loaded = read(&file, &variables).unwrap();
    let relays = &loaded.config.relays;
    assert_eq!(relays.keys().collect::<Vec<_>>(), ["main", "main-eu", "spare"]);
    let (main, eu, spare) = (&relays["main"], &relays["main-eu"], &relays["spare"]);
    assert_eq!((main.connections.get(), main.weight.get(), main.priority), (9, 3, 1));
    assert_eq!(main.limit.daily.map(u32::from), Some(900));
    assert_eq!(
        (eu.url.as_str(), eu.weight.get(), &eu.brands[..]),
        ("smtp+starttls://eu.example", 1, &["acme".to_owned(), "zeta".to_owned()][..])
    );
    assert_eq!(eu.limit.messages_per_connection.map(u32::from), Some(7));
    assert_eq!((spare.priority, spare.limit.rate), (2, Some("30/m".parse().unwrap())));
    assert_eq!(spare.final_timeout.0.as_secs(), 600);
    for relay in [main, spare] {
        assert_eq!(relay.password.expose_secret(), "12345");
    }
    assert!(
        loaded.printable.contains("[relays.main-eu]") && !loaded.printable.contains("12345"),
        "{}",
        loaded.printable
    );
    assert!(loaded.config.relay.redirect_to.is_some());
}

#[test]
fn a_relay_is_warmed_up_by_a_table_in_the_file_or_by_variables() {
    let file = "[relays.main]\nurl = \"smtp://relay.example\"\nwarm_up = { start = 50, providers = { gmx = 20 } }\n\
                [relays.old-one]\nurl = \"smtp://old.example\"\n";
    let variables = [
        ("ESHOT_RELAYS__MAIN__WARM_UP__CEILING", "90000"),
        ("ESHOT_RELAYS__OLD_ONE__WARM_UP__START", "9"),
        ("ESHOT_RELAYS__OLD_ONE__WARM_UP__GROWTH", "1.25"),
        ("ESHOT_RELAYS__OLD_ONE__WARM_UP__PROVIDERS__YAHOO_JAPAN", "3"),
    ];
    let config = read(file, &variables).unwrap().config;
    let warm_ups = crate::relay::warm_ups(&config, &crate::relay::outlets(&config).unwrap());
    let (main, old) = (&warm_ups["main"], &warm_ups["old-one"]);
    assert_eq!((main.start.get(), main.growth.factor(), main.ceiling.get()), (50, 1.4, 90_000));
    assert_eq!(main.providers[&"gmx".parse().unwrap()].get(), 20);
    assert_eq!((old.start.get(), old.growth.factor()), (9, 1.25));
    assert_eq!(old.providers[&"yahoo-japan".parse().unwrap()].get(), 3);
    let one = read("relay.warm_up.growth = 2", &[("ESHOT_RELAY__WARM_UP__START", "5")]).unwrap().config;
    assert_eq!(one.relay.warm_up.unwrap().start.get(), 5);
    assert!(read("", &[]).unwrap().config.relay.warm_up.is_none());
    for (file, said) in [
        ("relay.warm_up = \"slowly\"", "{ start = 50 }"),
        ("relay.warm_up.start = 0", "relay.warm_up"),
        ("relay.warm_up = { start = 5, providers = { gmial = 2 } }", "no mailbox provider \"gmial\""),
    ] {
        let refused = refused(file, &[]);
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn a_mail_service_is_told_its_key_by_password_and_nothing_else() {
    let relay = |keys: &str| format!("[relay]\nurl = \"ses://eu-west-1\"\n{keys}");
    let loaded = read(&relay("username = \"AKID\"\npassword = \"hunter2\"\n"), &[]).unwrap();
    let outlet = &crate::relay::outlets(&loaded.config).unwrap()[0];
    assert_eq!(outlet.name, "email.eu-west-1.amazonaws.com:443");
    assert!(!format!("{} {outlet:?} {:?}", loaded.printable, loaded.config).contains("hunter2"));
    for (keys, key) in [
        ("", "relay.password"),
        ("password = \"hunter2\"", "relay.username"),
        ("username = \"AKID\"\npassword = \"hunter2\"\nauth = \"xoauth2\"", "relay.auth"),
        ("username = \"AKID\"\npassword = \"hunter2\"\ntoken_file = \"token\"", "relay.token_file"),
        ("username = \"AKID\"\npassword = \"two words\"", "relay.password"),
    ] {
        let said = refused(&relay(keys), &[]);
        assert!(said.contains(key) && !said.contains("hunter2"), "{keys}: {said}");
    }
}

#[test]
fn what_is_wrong_with_one_of_several_relays_names_it() {
    let spare = "[relays.spare]\nurl = \"smtp://relay.example\"\n";
    let cases = [
        refused("[relays.main]\nweight = 0\n", &[]),
        refused("", &[("ESHOT_RELAYS__MAIN__WEIGHT", "0")]),
        refused(spare, &[("ESHOT_RELAYS__SPARE__WEIGHT", "1001")]),
        refused(spare, &[("ESHOT_RELAYS__SPAR__WEIGHT", "2")]),
        refused("[relays.main]\nweight = 2\n[relays.zeta]\nurl = \"smtp://relay.example\"", &[]),
        refused("[relays.main]\nwieght = 2\nredirect_to = \"a@example.com\"", &[]),
        refused("[relays]\nurl = \"smtp://relay.example\"", &[]),
        refused("[relays.Main]\nweight = 2", &[]),
        refused(&[spare, spare].concat(), &[]),
        refused("[relays.main]\nlimit = \"0/s\"", &[]),
        refused(
            "[relays.main]\nurl = \"smtp://ada:x@relay.example\"\n[relays.spare]\nurl = \"smtp://relay.example\"\nusername = \"ada\"",
            &[],
        ),
        refused(
            "relay.helo = \"a.example\"\n[relays.main]\nurl = \"smtp://relay.example\"",
            &[("ESHOT_RELAY__URL", "smtp://relay.example")],
        ),
        refused(spare, &[("ESHOT_RELAYS__SPARE__WIEGHT", "2")]),
        refused(spare, &[("ESHOT_RELAYS__SPARE__URL__PORT", "2")]),
        refused(spare, &[("ESHOT_RELAYS__SPARE__PASSWORD", "x"), ("ESHOT_RELAYS__SPARE__PASSWORD_FILE", "/nowhere/x")]),
    ];
    insta::assert_snapshot!(cases.join("\n\n"));
}

#[test]
fn the_file_of_a_token_is_named_and_not_read() {
    let file = "[relay]\nurl = \"smtps://relay.example\"\nauth = \"xoauth2\"\nusername = \"ada\"\ntoken_file = \"/nowhere/token\"";
    let config = read(file, &[]).unwrap().config;
    assert_eq!(config.relay.token_file.as_deref(), Some(std::path::Path::new("/nowhere/token")));
}

#[test]
fn what_is_printed_holds_no_secret() {
    let variables = [
        ("ESHOT_DATABASE__URL", "postgres://eshot:opensesame@db.example/eshot?password=opensesame"),
        ("ESHOT_KEYS__MASTER", "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("ESHOT_RELAY__USERNAME", "ada"),
        ("ESHOT_RELAY__PASSWORD", "opensesame"),
        ("ESHOT_RELAY__TLS", "required"),
        ("ESHOT_EVENTS__URL", "https://hooks.example.com/opensesame"),
        ("ESHOT_EVENTS__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    let loaded = read("", &variables).unwrap();
    assert!(loaded.printable.contains("url = \"https://hooks.example.com/***\""));
    assert!(loaded.printable.contains("postgres://eshot:***@db.example/eshot"));
    for text in [&loaded.printable, &format!("{:?}", loaded.config)] {
        assert!(!text.contains("opensesame") && !text.contains("AAECAwQF") && !text.contains("MfKQ9"), "{text}");
    }
}

#[test]
fn a_wrong_key_or_value_names_itself_and_what_would_be_right() {
    let cases = [
        refused("[relay]\nconections = 4", &[]),
        refused("[relais]\nurl = \"smtp://a\"", &[]),
        refused("relay = 4", &[]),
        refused("[relay]\nconnections = \"four\"", &[]),
        refused("[relay]\nconnections = 0", &[]),
        refused("[relay\n", &[]),
        refused("[serve]\nroles = [\"web\", \"sendr\"]", &[]),
        refused("", &[("ESHOT_RELAI__URL", "smtp://relay.example")]),
        refused("", &[("ESHOT_RELAY__URL", "relay.example")]),
        refused("", &[("ESHOT_RELAY__CONNECTIONS", "four")]),
        refused("", &[("ESHOT_DATABASE__MIGRATE", "yes")]),
        refused("", &[("ESHOT_LIMITS__RELAY", "ten a second")]),
        refused("[limits.relay]\ndaily = 0", &[]),
        refused("[limits.providers]\ngmail = { rate = \"0/s\" }", &[]),
        refused("", &[("ESHOT_RELAY__FINAL_TIMEOUT", "10")]),
        refused("", &[("ESHOT_HTTP__BASE_URL", "http://news.example.com")]),
        refused("", &[("ESHOT_KEYS__MASTER", "1:short")]),
        refused("", &[("ESHOT_KEYS__MASTER_FILE", "/nowhere/key")]),
        refused("", &[("ESHOT_KEYS__MASTER_FILE", "/nowhere/key"), ("ESHOT_KEYS__MASTER", "1:short")]),
        refused("", &[("ESHOT_RELAY__USERNAME", "ada")]),
        refused("", &[("ESHOT_RELAY__USERNAME", "ada"), ("ESHOT_RELAY__PASSWORD", "x")]),
        refused("", &[("ESHOT_RELAY__USERNAME", "ada"), ("ESHOT_RELAY__TOKEN_FILE", "/run/token")]),
        refused("", &[("ESHOT_RELAY__AUTH", "xoauth2"), ("ESHOT_RELAY__USERNAME", "ada")]),
        refused("", &[("ESHOT_RELAY__AUTH", "xoauth2"), ("ESHOT_RELAY__TOKEN_FILE", "/run/token")]),
        refused("", &[("ESHOT_RELAY__AUTH", "xoauth2"), ("ESHOT_RELAY__PASSWORD", "x")]),
        refused(
            "[relay]\nauth = \"xoauth2\"",
            &[("ESHOT_RELAY__USERNAME", "ada"), ("ESHOT_RELAY__TOKEN_FILE", "/run/token")],
        ),
        refused("", &[("ESHOT_RELAY__AUTH", "oauth")]),
        refused("", &[("ESHOT_RELAY__URL", "file://relay.example/spool")]),
        refused(
            "",
            &[("ESHOT_RELAY__URL", "file:///spool"), ("ESHOT_RELAY__USERNAME", "a"), ("ESHOT_RELAY__PASSWORD", "x")],
        ),
        refused("", &[("ESHOT_RELAY__URL", "smtp://ada:x@relay.example")]),
        refused("", &[("ESHOT_SCHEDULER__SEAL", "1m"), ("ESHOT_SERVE__ROLES", "")]),
        refused("[retention]\nreturned_mail = \"90s\"\nunconfirmed = \"0d\"", &[]),
        refused("", &[("ESHOT_FEEDBACK__ADDRESSES", "postmaster")]),
        refused("", &[("ESHOT_LOG__FILTER", "info,,=x=")]),
    ];
    insta::assert_snapshot!(cases.join("\n\n"));
}

#[test]
fn a_rate_for_a_provider_that_there_is_not_is_refused_with_those_that_there_are() {
    read("", &[("ESHOT_LIMITS__PROVIDERS__GMAIL", "5/s"), ("ESHOT_LIMITS__PROVIDERS__OTHER", "5/s")]).unwrap();
    let refused = refused("[limits.providers]\ngmial = \"5/s\"", &[]);
    assert!(refused.contains("\"gmial\"; there are apple") && refused.contains(" yahoo"), "{refused}");
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let file = Some("/nowhere/eshot.toml".into());
    let error = load(&Sources { file, variables: Vec::new(), base_url: BaseUrl::Https }).unwrap_err();
    assert!(error.to_string().contains("/nowhere/eshot.toml: the file cannot be read"), "{error}");
}

#[test]
fn variables_that_steer_tests_are_not_settings() {
    read("", &[("ESHOT_TEST_POSTGRES", "postgres://localhost"), ("PATH", "/bin")]).unwrap();
}

#[test]
fn every_published_limit_is_of_a_provider_that_there_is_and_gives_way_to_one_in_the_file() {
    let known = dns::providers();
    for provider in limits::Published::All.limits().into_keys() {
        assert!(known.contains(&provider), "{provider}");
    }
    let file = "[limits]\npublished = \"all\"\nproviders = { yahoo-japan = \"1/s\" }\n";
    let limits = read(file, &[]).unwrap().config.limits;
    let (japan, gmail) = ("yahoo-japan".parse().unwrap(), "gmail".parse().unwrap());
    assert_eq!(limits.of_providers()[&japan], limits::Limit::rate("1/s".parse().unwrap()));
    assert_eq!(limits.of_providers()[&gmail].connections.map(u32::from), Some(5));
}

#[test]
fn webhooks_have_names_and_what_cannot_prove_anything_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    fs::write(&path, "0123456789abcdef\n").unwrap();
    let file = format!(
        "[webhooks.main]\nprovider = \"postmark\"\nusername = \"eshot\"\nsecret_file = {path:?}\n\
         [webhooks.own-relay]\nprovider = \"signed\"\n"
    );
    let loaded = read(&file, &[("ESHOT_WEBHOOKS__OWN_RELAY__SECRET", "fedcba9876543210")]).unwrap();
    let hooks = &loaded.config.webhooks;
    assert_eq!(hooks["main"].secret.expose_secret(), "0123456789abcdef");
    assert_eq!(hooks["own-relay"].secret.expose_secret(), "fedcba9876543210");
    assert!(!loaded.printable.contains("0123456789abcdef") && !loaded.printable.contains("fedcba9876543210"));
    let table = |keys: &str| refused(&format!("[webhooks.main]\n{keys}\n"), &[]);
    for (keys, says) in [
        ("provider = \"sendmail\"", "there are ses, sendgrid, mailgun"),
        ("provider = \"mailgun\"", "without a secret anybody could report anything"),
        ("provider = \"sendgrid\"\nsecret = \"x\"", "this does not read as the verification key"),
        ("provider = \"signed\"\nsecret = \"short\"", "16 characters at least"),
        ("provider = \"mailgun\"\nsecret = \"x\"\nusername = \"x\"", "webhooks.main.username"),
        ("provider = \"mailgun\"\nsecrett = \"x\"", "did you mean secret?"),
        ("secret = \"0123456789abcdef\"", "there is no webhook provider"),
    ] {
        assert!(table(keys).contains(says), "{keys}: {}", table(keys));
    }
    let topic = "provider = \"ses\"\ntopic = \"arn:aws:sns:eu-west-1:123456789012:bounces\"";
    assert!(read(&format!("[webhooks.main]\n{topic}\n"), &[]).is_ok());
    for (keys, says) in [
        ("provider = \"ses\"".to_owned(), "give its full name"),
        (format!("{topic}\nsecret = \"x\""), "and no secret"),
        (topic.replace("bounces", ""), "names no topic"),
        (topic.replace("\"ses\"", "\"scaleway\""), "is no topic of scaleway"),
        (topic.replace("ses", "scaleway").replace("aws", "scw"), "give the file with its trust chain"),
        (format!("{topic}\ncertificates = \"/does/not/exist\""), "webhooks.main.certificates"),
        (topic.replace("\"ses\"", "\"signed\"\nsecret = \"0123456789abcdef\""), "tells through no topic"),
    ] {
        assert!(table(&keys).contains(says), "{keys}: {}", table(&keys));
    }
    assert!(refused("webhooks.main = 1", &[]).contains("a webhook is a table"));
    assert!(refused("[webhooks.Main]\nprovider = \"mailgun\"", &[]).contains("a webhook's name is made of"));
}

#[test]
fn a_mailbox_has_an_address_and_a_login_and_several_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "opensesame\n").unwrap();
    let file =
        format!("[mailboxes.main]\nurl = \"imaps://mail.example\"\nusername = \"ada\"\npassword_file = {path:?}\n");
    let variables = [
        ("ESHOT_MAILBOXES__SPARE_ONE__URL", "imap+starttls://spare.example"),
        ("ESHOT_MAILBOXES__SPARE_ONE__USERNAME", "ada"),
        ("ESHOT_MAILBOXES__SPARE_ONE__PASSWORD_FILE", path.to_str().unwrap()),
        ("ESHOT_MAILBOXES__SPARE_ONE__POLL", "5m"),
    ];
    let loaded = read(&file, &variables).unwrap();
    let mailboxes = crate::mailbox::mailboxes(&loaded.config).unwrap();
    let told: Vec<_> = mailboxes.iter().map(|mailbox| format!("{} {}", mailbox.name(), mailbox.server())).collect();
    assert_eq!(told, ["main mail.example:993", "spare-one spare.example:143"]);
    assert_eq!(loaded.config.mailboxes["spare-one"].poll.to_string(), "5m");
    for shown in [&loaded.printable, &format!("{:?} {mailboxes:?}", loaded.config)] {
        assert!(shown.contains("ada") && !shown.contains("opensesame"), "{shown}");
    }
    assert!(crate::mailbox::mailboxes(&read("", &[]).unwrap().config).unwrap().is_empty());
}

#[test]
fn what_is_wrong_with_a_mailbox_names_the_key_and_what_would_be_right() {
    let mailbox = |keys: &str| refused(&format!("[mailbox]\nurl = \"imaps://mail.example\"\n{keys}"), &[]);
    let login = "username = \"ada\"\npassword = \"opensesame\"\n";
    let cases = [
        mailbox(""),
        mailbox("username = \"ada\""),
        mailbox(&format!("{login}poll = \"0s\"")),
        mailbox(&format!("{login}processed = \"Inbox\"")),
        mailbox(&format!("{login}unreadable = \"processed\"")),
        mailbox(&format!("{login}certificates = \"/nowhere/ca.pem\"")),
        mailbox(&format!("{login}pol = \"1m\"")),
        mailbox("username = \"a b\"\npassword = \"opensesame\"\n"),
        refused(&format!("[mailbox]\n{login}"), &[]),
        refused(&format!("[mailbox]\nurl = \"imap://mail.example\"\n{login}"), &[]),
        refused(&format!("[mailbox]\nurl = \"mail.example\"\n{login}"), &[]),
        refused(&format!("[mailboxes.main]\nurl = \"pop3s://mail.example\"\n{login}"), &[]),
        refused(&format!("[mailboxes.main]\n{login}"), &[]),
        refused(&format!("[mailboxes.main]\nurl = \"imaps://mail.example\"\n{login}[mailbox]\n{login}"), &[]),
        refused("[mailboxes]\nurl = \"imaps://mail.example\"", &[]),
    ];
    insta::assert_snapshot!(cases.join("\n\n"));
}
