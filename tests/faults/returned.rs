//! Much comes back at once, and the program is killed in the middle of it; and its database is locked.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use domain::DeliveryKey;
use links::Links;
use sea_orm::{ConnectionTrait, Statement};
use testkit::smtp::{Script, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Flood, Gone, Letter, Staff, give_back, mail_to};

use crate::audit::{campaign, settled};

/// How many people are gone.
const PEOPLE: usize = 10_000;

/// Over how many connections that is told.
const CONNECTIONS: usize = 20;

/// Nothing holds the campaign back.
const FAST: &str = "relay.connections = 8\n";

both!(
    async fn killed_in_the_middle_of_ten_thousand_reports_it_has_what_it_acknowledged(db: TestDb) {
        let sink = SmtpSink::with(Script { keep: false, ..Script::default() }).await;
        let mut eshot = Eshot::start(&db, sink.address(), FAST);
        let id = campaign(&eshot, PEOPLE).await;
        settled(&eshot, &id).await;
        let gone: Vec<Gone> =
            sink.messages().iter().map(|mail| (mail.from.clone(), mail.recipient().to_owned())).collect();
        assert_eq!(gone.iter().map(|(path, _)| path).collect::<HashSet<_>>().len(), PEOPLE);
        let flood = Flood::new(gone);

        tokio::join!(flood.deliver(eshot.returns(), CONNECTIONS), async {
            while flood.taken().len() < PEOPLE / 3 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            eshot.kill();
        });
        let taken = flood.taken();
        assert!(taken.len() < PEOPLE, "it was killed after the end");
        eshot.restart();
        let told = bounced(&db).await;
        let lost: Vec<&Gone> = taken.iter().filter(|gone| !told.contains(&key(&gone.0))).collect();
        assert!(lost.is_empty(), "{lost:?} were acknowledged");

        let begun = Instant::now();
        flood.deliver(eshot.returns(), CONNECTIONS).await;
        let rest = PEOPLE - taken.len();
        eprintln!("{rest} reports, {:.0} a second", rest as f64 / begun.elapsed().as_secs_f64());
        assert_eq!((flood.taken().len(), bounced(&db).await.len()), (PEOPLE, PEOPLE));
        let report = Staff::of(&eshot).await.report(&id).await;
        assert_eq!(report["facts"]["bounced"], PEOPLE, "what came twice counts once: {report}");
        assert_eq!(count(&db, "SELECT COUNT(*) FROM suppressions").await, i64::try_from(PEOPLE).unwrap());
    }
);

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

/// Which delivery a return path names.
fn key(return_path: &str) -> DeliveryKey {
    Links::new(&testkit::keys()).read_return_path(&return_path.parse().unwrap()).unwrap()
}

/// Every delivery that shows its bounce.
async fn bounced(db: &TestDb) -> HashSet<DeliveryKey> {
    let sql = "SELECT mailing_no, ordinal FROM deliveries WHERE bounced_at IS NOT NULL";
    let conn = db.database().reader();
    let rows = conn.query_all_raw(Statement::from_string(db.database().backend(), sql)).await.unwrap();
    rows.iter().map(|row| DeliveryKey::new(row.try_get_by(0).unwrap(), row.try_get_by(1).unwrap())).collect()
}

async fn count(db: &TestDb, sql: &str) -> i64 {
    let row = db.database().reader().query_one_raw(Statement::from_string(db.database().backend(), sql)).await;
    row.unwrap().unwrap().try_get_by_index(0).unwrap()
}
