//! The ledger tells when somebody has been at it.

use std::process::Output;

use sea_orm::ConnectionTrait;
use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Staff, subscribe, wait_until};

both!(
    async fn an_edited_row_and_a_cut_tail_show(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        subscribe(&eshot, &sink, "ada@example.com", &["Offers"]).await;
        subscribe(&eshot, &sink, "bob@example.com", &["Events"]).await;
        let anchor = eshot.installation().folder().join("anchor");
        wait_until("the events to be sealed", async || {
            std::fs::write(&anchor, eshot.installation().run(&["consent", "anchor"])).unwrap();
            unsealed(&db).await == 0
        })
        .await;
        let verify = |arguments: &[&str]| eshot.installation().try_run(arguments);
        let anchored = ["consent", "verify", "--anchor", anchor.to_str().unwrap()];
        assert!(verify(&anchored).status.success());

        let act = text(&db, "SELECT act FROM consent_events WHERE seq = 2").await;
        run(&db, "UPDATE consent_events SET act = 'left' WHERE seq = 2").await;
        shows(verify(&["consent", "verify"]), "was changed, removed or put in");
        shows(verify(&anchored), "was changed, removed or put in");
        run(&db, &format!("UPDATE consent_events SET act = '{act}' WHERE seq = 2")).await;
        assert!(verify(&anchored).status.success(), "nothing else is wrong with it");

        run(&db, "DELETE FROM consent_events WHERE seq = (SELECT max(seq) FROM consent_events)").await;
        shows(verify(&["consent", "verify"]), "was changed, removed or put in");
        shows(verify(&anchored), "was changed, removed or put in");
    }
);

both!(
    async fn a_tail_that_was_cut_shows_against_an_anchor(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        subscribe(&eshot, &sink, "ada@example.com", &["Offers"]).await;
        wait_until("the events to be sealed", async || unsealed(&db).await == 0).await;
        subscribe(&eshot, &sink, "bob@example.com", &["Events"]).await;
        wait_until("the events to be sealed", async || unsealed(&db).await == 0).await;
        let anchor = eshot.installation().folder().join("anchor");
        std::fs::write(&anchor, eshot.installation().run(&["consent", "anchor"])).unwrap();

        run(&db, "DELETE FROM consent_events WHERE seq > (SELECT first_seq - 1 FROM consent_blocks ORDER BY no DESC LIMIT 1)").await;
        run(&db, "DELETE FROM consent_blocks WHERE no = (SELECT max(no) FROM consent_blocks)").await;
        assert!(
            eshot.installation().try_run(&["consent", "verify"]).status.success(),
            "what is left is a chain of its own"
        );
        let anchored = ["consent", "verify", "--anchor", anchor.to_str().unwrap()];
        assert!(!eshot.installation().try_run(&anchored).status.success(), "but not the chain that was kept");
    }
);

both!(
    async fn the_words_that_a_person_agreed_to_can_be_shown(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        subscribe(&eshot, &sink, "ada@example.com", &["Offers"]).await;
        let shown = eshot.installation().run(&["consent", "show", "ada@example.com"]);
        for part in ["I agree that Example sends me emails", "127.0.0.1", "confirmed"] {
            assert!(shown.contains(part), "{part} is not in:\n{shown}");
        }
        assert_eq!(staff.standing("ada@example.com").await, ["offers confirmed"]);
    }
);

/// That a verification fails, and says this of a block.
fn shows(verified: Output, words: &str) {
    let said = String::from_utf8_lossy(&[verified.stdout, verified.stderr].concat()).into_owned();
    assert!(!verified.status.success(), "{said}");
    assert!(said.contains("FAIL  block ") && said.contains(words), "{said}");
}

async fn run(db: &TestDb, sql: &str) {
    db.database().writer().execute_unprepared(sql).await.unwrap();
}

async fn text(db: &TestDb, sql: &str) -> String {
    let statement = sea_orm::Statement::from_string(db.database().backend(), sql);
    let row = db.database().reader().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn unsealed(db: &TestDb) -> i64 {
    let statement = sea_orm::Statement::from_string(
        db.database().backend(),
        "SELECT count(*) FROM consent_events WHERE seq IS NULL",
    );
    let row = db.database().reader().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
