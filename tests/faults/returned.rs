//! What comes back while the database is locked.

use std::time::{Duration, Instant};

use testkit::TestDb;
use testkit::smtp::SmtpSink;
use tests::{Eshot, Letter, Staff, give_back, mail_to};

#[test]
fn while_sqlite_is_locked_a_report_is_given_back_and_afterwards_it_is_taken() {
    testkit::run(async {
        let db = TestDb::sqlite().await;
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        staff.enrol(["ada@example.com".to_owned()], "offers").await;
        staff.finished(&staff.send("offers", "First").await).await;
        let Letter { return_path, to, .. } = mail_to(&sink, "ada@example.com", 1).await;

        let holding = db.database().begin().await.unwrap();
        let begun = Instant::now();
        let answer = give_back(eshot.returns(), &return_path, &to).await;
        assert!(answer.starts_with("451 4.3.0"), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(45), "the other server waits {:?}", begun.elapsed());
        holding.rollback().await.unwrap();
        let answer = give_back(eshot.returns(), &return_path, &to).await;
        assert!(answer.starts_with("250"), "{answer}");
    });
}
