use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use testkit::smtp::{Encryption, Script, SmtpSink};

use crate::{err, eshot, out};

const KEY: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A folder with a master key and a configuration.
fn installation() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("master.keys"), KEY).unwrap();
    fs::write(folder.path().join("eshot.toml"), "keys.master_file = \"master.keys\"\n").unwrap();
    folder
}

#[test]
fn a_wrong_setting_stops_the_program_before_anything_starts() {
    let folder = installation();
    let started = eshot(folder.path(), &["serve"], &[("ESHOT_RELAY__CONECTIONS", "4")]);
    assert_eq!(started.status.code(), Some(2));
    assert!(err(&started).contains("did you mean ESHOT_RELAY__CONNECTIONS?"), "{}", err(&started));
    assert!(!folder.path().join("eshot.db").exists());
}

#[test]
fn links_without_https_are_a_start_up_error() {
    let folder = installation();
    let variables = [("ESHOT_HTTP__BASE_URL", "http://news.example.com")];
    let started = eshot(folder.path(), &["serve"], &variables);
    assert_eq!(started.status.code(), Some(2));
    assert!(err(&started).contains("http.base_url"), "{}", err(&started));
}

#[test]
fn a_database_without_a_schema_says_what_to_do() {
    let folder = installation();
    let listed = eshot(folder.path(), &["brand", "list"], &[]);
    assert_eq!(listed.status.code(), Some(1));
    assert!(err(&listed).contains("eshot migrate"), "{}", err(&listed));
}

#[test]
fn a_brand_comes_with_topics_and_a_form_and_its_keys_with_records_to_publish() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    let new = ["brand", "new", "--name", "Example Ltd", "--from", "news@example.com", "--postal-address", "1 High St"];
    let made = eshot(folder.path(), &new, &[]);
    assert!(made.status.success(), "{}", err(&made));
    for topic in ["offers", "events", "product-news"] {
        assert!(out(&made).contains(&format!("topic {topic}:")), "{}", out(&made));
    }
    let keys = eshot(folder.path(), &["key", "new", "--domain", "example.com"], &[]);
    for kind in ["k=rsa", "k=ed25519"] {
        assert!(out(&keys).contains(kind), "{}", out(&keys));
    }
    let again = eshot(folder.path(), &new, &[]);
    assert!(!again.status.success() && err(&again).contains("example-ltd"), "{}", err(&again));
}

#[test]
fn suppressions_come_from_a_file_and_go_to_one() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    fs::write(folder.path().join("list.csv"), "address,reason\nada@example.org,hard\nnot an address,\n").unwrap();
    let import = ["suppressions", "import", "list.csv"];
    let dry = eshot(folder.path(), &[&import[..], &["--dry-run"]].concat(), &[]);
    assert!(out(&dry).contains("1 would be added") && out(&dry).contains("line 3"), "{} {}", out(&dry), err(&dry));
    let done = eshot(folder.path(), &import, &[]);
    assert!(out(&done).contains("1 added") && !done.status.success(), "{}", out(&done));
    let exported = eshot(folder.path(), &["suppressions", "export", "--reason", "hard"], &[]);
    assert!(exported.status.success() && out(&exported).contains(",1,1,,hard,"), "{}", out(&exported));
    fs::write(folder.path().join("again.csv"), out(&exported)).unwrap();
    let again = eshot(folder.path(), &["suppressions", "import", "again.csv"], &[]);
    assert!(again.status.success() && out(&again).contains("0 added, 1 stood already"), "{}", out(&again));
    let listed = eshot(folder.path(), &["suppression", "list", "--email", "ada@example.org"], &[]);
    assert!(out(&listed).contains("hard"), "{}", out(&listed));
}

#[test]
fn a_list_is_brought_on_file_and_shown_and_erased() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    let new = ["brand", "new", "--name", "Example", "--from", "news@example.com", "--postal-address", "1 High St"];
    assert!(eshot(folder.path(), &new, &[]).status.success());
    fs::write(folder.path().join("list.csv"), "email,name\nada@example.org,Ada\nnot an address,Bob\n").unwrap();
    let list = ["subscriber", "import", "list.csv", "--brand", "example", "--topic", "offers"];
    let import = [&list[..], &["--basis", "consent", "--stated", "a paper form"]].concat();
    let imported = eshot(folder.path(), &import, &[]);
    assert!(out(&imported).contains("1 added") && out(&imported).contains("line 3"), "{}", out(&imported));

    let shown = eshot(folder.path(), &["subscriber", "show", "ada@example.org"], &[]);
    assert!(out(&shown).contains("\"ada@example.org\""), "{}", out(&shown));
    let proof = eshot(folder.path(), &["consent", "show", "ada@example.org"], &[]);
    assert!(out(&proof).contains("a paper form"), "{}", out(&proof));

    assert!(eshot(folder.path(), &["subscriber", "erase", "ada@example.org"], &[]).status.success());
    let gone = eshot(folder.path(), &["subscriber", "show", "ada@example.org"], &[]);
    assert!(out(&gone).contains("nobody"), "{}", out(&gone));
    let back = eshot(folder.path(), &import, &[]);
    assert!(out(&back).contains("0 added") && out(&back).contains("suppressed"), "{}", out(&back));
}

#[test]
fn a_check_names_what_does_not_work_and_shows_no_secret() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let relay = format!("smtps://{nobody}");
    let variables = [
        ("ESHOT_RELAY__URL", relay.as_str()),
        ("ESHOT_RELAY__USERNAME", "ada"),
        ("ESHOT_RELAY__PASSWORD", "opensesame"),
    ];
    let checked = eshot(folder.path(), &["check"], &variables);
    let told = out(&checked);
    assert_eq!(checked.status.code(), Some(1), "{told}");
    assert!(told.contains("ok    database"), "{told}");
    assert!(told.contains("FAIL  relay") && told.contains("what to do: see that relay.url is right"), "{told}");
    assert!(!told.contains("opensesame") && !told.contains("AAECAwQF"), "{told}");
}

/// The relay is of this process, and the program of another one, which is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_check_says_why_an_access_token_does_not_log_in() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    let relay = SmtpSink::with(Script {
        encryption: Encryption::Implicit,
        credentials: Some(("ada".to_owned(), "opensesame".to_owned())),
        mechanisms: vec!["XOAUTH2".to_owned()],
        ..Script::default()
    })
    .await;
    fs::write(folder.path().join("relay.pem"), relay.certificate_pem()).unwrap();
    let variables = [
        ("ESHOT_RELAY__URL", relay.url()),
        ("ESHOT_RELAY__CERTIFICATES", "relay.pem".to_owned()),
        ("ESHOT_RELAY__AUTH", "xoauth2".to_owned()),
        ("ESHOT_RELAY__USERNAME", "ada".to_owned()),
        ("ESHOT_RELAY__TOKEN_FILE", "token".to_owned()),
    ];
    let variables: Vec<_> = variables.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let told = || out(&eshot(folder.path(), &["check"], &variables));
    let what_to_do = "what to do: see that relay.token_file holds an access token";

    let missing = told();
    assert!(missing.contains("there is no access token in token: No such file"), "{missing}");
    assert!(missing.contains("FAIL  relay auth") && missing.contains(what_to_do), "{missing}");
    fs::write(folder.path().join("token"), "opensesamy").unwrap();
    let refused = told();
    assert!(refused.contains("535 5.7.8 token not accepted (the access token's status: 401)"), "{refused}");
    assert!(refused.contains(what_to_do) && !refused.contains("opensesamy"), "{refused}");
    fs::write(folder.path().join("token"), "opensesame").unwrap();
    let taken = told();
    assert!(taken.contains("logged in as ada") && !taken.contains("opensesame"), "{taken}");
}

#[test]
fn a_check_says_where_mail_goes_to_one_address_instead_of_people() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    let told = |redirect_to| out(&eshot(folder.path(), &["check"], &[("ESHOT_RELAY__REDIRECT_TO", redirect_to)]));
    let warning = "WARN  redirect      all mail goes to staging@example.com";
    assert!(told("staging@example.com").contains(warning), "{}", told("staging@example.com"));
    assert!(!told("").contains("WARN"), "{}", told(""));
}

#[test]
fn a_check_says_where_mail_goes_into_a_folder_and_reaches_nobody() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    let spool = folder.path().join("spool");
    let url = format!("file://{}", spool.display());
    let told = || out(&eshot(folder.path(), &["check"], &[("ESHOT_RELAY__URL", &url)]));
    let missing = told();
    let wrong = format!("FAIL  relay connect  {url}: the folder takes no file: No such file");
    assert!(missing.contains(&wrong) && missing.contains("what to do: make the folder"), "{missing}");
    fs::create_dir(&spool).unwrap();
    let there = told();
    assert!(
        there.contains(&format!("WARN  relay connect  {url}: mail is written here, and reaches nobody")),
        "{there}"
    );
    assert_eq!(fs::read_dir(&spool).unwrap().count(), 0);
}

#[test]
fn a_check_tries_every_relay_and_says_which_brands_have_none() {
    let folder = installation();
    assert!(eshot(folder.path(), &["migrate"], &[]).status.success());
    let new = ["brand", "new", "--name", "Example", "--from", "news@example.com", "--postal-address", "1 High St"];
    assert!(eshot(folder.path(), &new, &[]).status.success());
    let (spool, nobody) = (folder.path().display(), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let (file, smtp) = (format!("file://{spool}"), format!("smtps://{nobody}"));
    let variables = [
        ("ESHOT_RELAYS__ACME__URL", file.as_str()),
        ("ESHOT_RELAYS__ACME__BRANDS", "exemple"),
        ("ESHOT_RELAYS__ZETA__URL", smtp.as_str()),
        ("ESHOT_RELAYS__ZETA__BRANDS", "exemple"),
    ];
    let told = out(&eshot(folder.path(), &["check"], &variables));
    assert!(told.contains(&format!("WARN  relay connect  acme ({file}): mail is written here")), "{told}");
    assert!(told.contains(&format!("FAIL  relay connect  zeta ({nobody}): ")), "{told}");
    assert!(told.contains("what to do: see that relays.zeta.url is right"), "{told}");
    let unknown = "FAIL  relay brands  acme is for a brand \"exemple\" that there is not; there are example";
    assert!(told.contains(unknown), "{told}");
    assert!(told.contains("FAIL  relay brands  no relay is for the brand \"example\": its mail waits"), "{told}");
    let served = out(&eshot(folder.path(), &["check"], &[variables[0], ("ESHOT_RELAYS__ACME__BRANDS", "example")]));
    assert!(!served.contains("relay brands"), "{served}");
}

#[test]
fn the_api_is_described_without_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("eshot.toml"), "nonsense = true").unwrap();
    assert!(out(&eshot(folder.path(), &["openapi"], &[])).contains("\"/api/v1/campaigns\""));
    assert!(out(&eshot(folder.path(), &["key", "master", "--id", "2"], &[])).starts_with("2:"));
}

#[test]
fn a_listing_that_nobody_reads_to_its_end_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut listing = Command::new(env!("CARGO_BIN_EXE_eshot"))
        .arg("openapi")
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(listing.stdout.take());
    let ended = listing.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), err(&ended).as_str()), (Some(141), ""));
}
