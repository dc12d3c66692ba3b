//! A person who asks to be forgotten is.

use reqwest::Method;
use testkit::smtp::{Moment, Rule, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Layers, Letter, Staff, Tables, files, mail_to, postgres_dump, subscribe, wait_until};

const ADDRESS: &str = "quixotic.zebra@example.com";
const LOCAL_PART: &str = "quixotic.zebra";

/// What the form asks for.
const NEEDLES: [&str; 5] = [ADDRESS, LOCAL_PART, "Sample Road", "7946 0000", "Sample Works"];

both!(
    async fn a_person_whom_staff_erase_is_in_no_dump_and_an_import_skips_them(db: TestDb) {
        let (_sink, eshot, _letter) = known_everywhere(&db).await;
        let staff = Staff::of(&eshot).await;
        let id = staff.person(ADDRESS).await["id"].as_str().unwrap().to_owned();
        let gone = eshot.api(Method::DELETE, &format!("/subscribers/{id}")).send().await.unwrap();
        assert_eq!(gone.status(), 204);
        known_nowhere(&db, &eshot).await;

        let file = eshot.installation().folder().join("people.csv");
        std::fs::write(&file, format!("email,name\n{ADDRESS},Back Again\nnew@example.com,New\n")).unwrap();
        let words = ["--brand", "example", "--topic", "offers", "--basis", "consent", "--stated", "a list"];
        eshot.installation().run(&[&["subscriber", "import", &file.display().to_string()], &words[..]].concat());
        std::fs::remove_file(&file).unwrap();
        assert!(staff.person(ADDRESS).await.is_null(), "an import does not bring them back");
        assert!(staff.person("new@example.com").await.is_object());
    }
);

both!(
    async fn a_person_who_erases_themselves_on_their_page_is_in_no_dump(db: TestDb) {
        let (sink, eshot, letter) = known_everywhere(&db).await;
        eshot.post(&letter.link("/p/"), &[("act", "access")]).await;
        let access = mail_to(&sink, ADDRESS, 4).await.link("/access/");
        // The page shows everything, so that the way through it leaves as much as there can be.
        let page = eshot.post(&access, &[]).await.text().await.unwrap();
        let pass = page.split("name=\"pass\"").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap();
        assert!(NEEDLES.iter().all(|needle| page.contains(needle)), "{page}");
        let gone = eshot.post(&access, &[("pass", pass), ("act", "erase"), ("sure", "yes")]).await;
        assert_eq!(gone.status(), 200);
        assert!(Staff::of(&eshot).await.person(ADDRESS).await.is_null());
        known_nowhere(&db, &eshot).await;
    }
);

both!(
    async fn an_answer_kept_for_repetition_forgets_the_person_too(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        let new = serde_json::json!({ "email": ADDRESS, "topics": [staff.topic("offers").await], "basis": "consent",
                                      "stated": "signed at the fair" });
        let made =
            eshot.api(Method::POST, "/subscribers").header("Idempotency-Key", "one").json(&new).send().await.unwrap();
        assert_eq!(made.status(), 201);
        assert!(!everything(&db, &eshot).await.traces(LOCAL_PART).is_empty());

        let id = staff.person(ADDRESS).await["id"].as_str().unwrap().to_owned();
        eshot.api(Method::DELETE, &format!("/subscribers/{id}")).send().await.unwrap();
        assert_eq!(everything(&db, &eshot).await.traces(LOCAL_PART), [""; 0]);
    }
);

/// A person of whom every table knows that can: signed up, mailed, refused once, with a mail that came back.
async fn known_everywhere(db: &TestDb) -> (SmtpSink, Eshot, Letter) {
    let sink = SmtpSink::start().await;
    let eshot = Eshot::start(db, sink.address(), "");
    let staff = Staff::of(&eshot).await;
    subscribe(&eshot, &sink, ADDRESS, &["Offers"]).await;
    // The welcome, which the refusal is not meant for.
    mail_to(&sink, ADDRESS, 2).await;
    // A first refusal puts the address into the relay's words, a returned mail into the raw ones.
    sink.add(Rule::reply(Moment::Rcpt, &format!("450 4.2.0 <{ADDRESS}>: greylisted")).to(LOCAL_PART).times(1));
    let campaign = staff.send("offers", "Autumn offer").await;
    wait_until("the refusal", async || staff.report(&campaign).await["submission"]["deferred"] == 1).await;
    wait_until("the campaign's mail", async || {
        eshot.advance(std::time::Duration::from_secs(600));
        staff.report(&campaign).await["submission"]["sent"] == 1
    })
    .await;
    let letter = mail_to(&sink, ADDRESS, 3).await;
    return_mail(&eshot, &letter.return_path, &letter.raw).await;
    wait_until("the report", async || staff.report(&campaign).await["facts"]["bounced"] == 1).await;
    let before = everything(db, &eshot).await;
    for needle in NEEDLES {
        assert!(!before.traces(needle).is_empty(), "before, {needle} is on file");
    }
    (sink, eshot, letter)
}

/// That neither the database nor any file knows the person any more, and the ledger is still true.
async fn known_nowhere(db: &TestDb, eshot: &Eshot) {
    let after = everything(db, eshot).await;
    for needle in NEEDLES {
        assert_eq!(after.traces(needle), [""; 0], "{needle}");
    }
    assert!(eshot.installation().run(&["consent", "verify"]).contains("whole"), "and the ledger is still true");
}

/// What is kept of anybody, wherever it is: every row, every file beside the database, every file that the program writes.
async fn everything(db: &TestDb, eshot: &Eshot) -> Layers {
    let mut bytes = Tables::of(db).await.text().into_bytes();
    match db.database().file() {
        Some(file) => bytes.extend(files(file.parent().unwrap())),
        None => bytes.extend(postgres_dump(db.url()).unwrap()),
    }
    bytes.extend(files(eshot.installation().folder()));
    Layers::of(&bytes)
}

/// Returns a mail as a mail server would, with the person's address in it in several encodings.
async fn return_mail(eshot: &Eshot, return_path: &str, mail: &[u8]) {
    use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
    use lettre::transport::smtp::extension::ClientId;
    let headers = String::from_utf8_lossy(mail).split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let encoded = data_encoding::BASE64.encode(format!("We could not reach {ADDRESS}.\r\n").as_bytes());
    let quoted: String = ADDRESS.bytes().map(|byte| format!("={byte:02X}=\r\n")).collect();
    let report = format!(
        "From: MAILER-DAEMON@mx.example.com\r\nTo: {return_path}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Message-ID: <1@mx.example.com>\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n\
         --b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{quoted}\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; {ADDRESS}\r\nAction: failed\r\nStatus: 5.2.2\r\n\
         Diagnostic-Code: smtp; 552 5.2.2 <{ADDRESS}>: mailbox full\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\n{headers}\r\n--b--\r\n"
    );
    let hello = ClientId::Domain("mx.example.com".to_owned());
    let mut connection =
        AsyncSmtpConnection::connect_tokio1(eshot.returns(), None, &hello, None::<TlsParameters>, None).await.unwrap();
    let envelope = lettre::address::Envelope::new(None, vec![return_path.parse().unwrap()]).unwrap();
    connection.send(&envelope, report.as_bytes()).await.unwrap();
}
