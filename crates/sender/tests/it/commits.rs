//! Transactions that fail, and transactions of which nobody knows whether they did.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sender::Sender;
use testkit::smtp::{Deed, Moment, Rule, SmtpSink};
use testkit::{TestDb, both};

use crate::house::House;
use crate::wire::{Loss, Wire};

/// How many facts there are about these deliveries, and about how many of these.
async fn facts(house: &House<'_>, mailing: domain::MailingNo) -> (i64, i64) {
    let sql = "SELECT COUNT(*) AS facts, COUNT(DISTINCT ordinal) AS deliveries FROM facts WHERE mailing_no = $1";
    let count = Statement::from_sql_and_values(house.db.backend(), sql, [mailing.into()]);
    let row = house.db.writer().query_one_raw(count).await.unwrap().unwrap();
    (row.try_get("", "facts").unwrap(), row.try_get("", "deliveries").unwrap())
}

/// Sends until nothing is left, across whatever is cut.
async fn send_all(house: &House<'_>, sender: &mut Sender, mailing: domain::MailingNo) {
    for _ in 0..10 {
        if sender.tick().await.is_ok() {
            if house.counts(mailing).await.open() == 0 {
                return;
            }
            // A claim whose COMMIT was lost is nobody's until it ends.
            house.advance_minutes(3);
        }
    }
    panic!("{:?}", house.counts(mailing).await);
}

/// Lets nothing be written into a table, or anything again.
async fn close(house: &House<'_>, table: &str, closed: bool) {
    let statements = match (house.db.backend(), closed) {
        (DbBackend::Sqlite, true) => {
            format!("CREATE TRIGGER closed BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'closed'); END")
        }
        (DbBackend::Sqlite, false) => "DROP TRIGGER closed".to_owned(),
        (_, true) => format!(
            "CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'closed'; END $$; \
             CREATE TRIGGER closed BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION closed()"
        ),
        (_, false) => "DROP FUNCTION closed CASCADE".to_owned(),
    };
    house.db.writer().execute_unprepared(&statements).await.unwrap();
}

both!(
    async fn answers_are_kept_where_what_follows_from_them_cannot_be_written(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol_many(6).await;
        let (_, mailing) = house.launch().await;
        close(&house, "facts", true).await;
        let mut sender = house.sender(1);
        for _ in 0..3 {
            sender.tick().await.unwrap_err();
            let counts = house.counts(mailing).await;
            assert_eq!((counts.sent, counts.submitting), (1, 0), "the answer is safe: {counts:?}");
            assert_eq!((house.sink.count(), facts(&house, mailing).await), (1, (0, 0)), "nothing more is begun");
        }

        close(&house, "facts", false).await;
        send_all(&house, &mut sender, mailing).await;
        assert_eq!((house.counts(mailing).await.sent, facts(&house, mailing).await), (6, (6, 6)));
        assert!(house.by_person(mailing).await.values().all(|(_, attempts)| attempts.len() == 1));
        house.audit(mailing).await;
    }
);

both!(
    async fn nothing_is_offered_in_a_round_that_cannot_be_written(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol_many(3).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(2);
        close(&house, "outbox_rounds", true).await;
        sender.tick().await.unwrap_err();
        sender.tick().await.unwrap_err();
        assert_eq!((house.sink.count(), house.counts(mailing).await.queued), (0, 3));
        assert!(!house.sink.commands().iter().any(|line| line.starts_with("MAIL")));

        close(&house, "outbox_rounds", false).await;
        send_all(&house, &mut sender, mailing).await;
        assert_eq!((house.counts(mailing).await.sent, facts(&house, mailing).await), (3, (3, 3)));
        house.audit(mailing).await;
    }
);

/// An installation behind a wire, on a server of PostgreSQL if one is named.
fn behind_a_wire(test: impl AsyncFn(House<'_>, &Wire)) {
    testkit::run(async {
        let Some(db) = TestDb::postgres().await else {
            eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
            return;
        };
        let (wire, wired) = Wire::to(&db).await;
        let mut house = House::new(&db).await;
        house.db = &wired;
        test(house, &wire).await;
    });
}

#[test]
fn a_commit_without_an_answer_doubles_nothing_and_leaves_no_doubt() {
    behind_a_wire(async |mut house, wire| {
        house.enrol_many(4).await;
        for loss in [Loss::Word, Loss::Answer] {
            for no in 1.. {
                let case = format!("COMMIT number {no}: the {loss:?} is lost");
                house.sink = SmtpSink::start().await;
                house.sink.add(Rule::reply(Moment::Rcpt, "550 5.7.1 rejected due to policy").to("p2"));
                let (_, mailing) = house.launch().await;
                let mut sender = house.sender(2);
                wire.strike(no, loss);
                send_all(&house, &mut sender, mailing).await;
                let struck = wire.spare();
                let counts = house.counts(mailing).await;
                assert_eq!((counts.sent, counts.failed, counts.in_doubt), (3, 1, 0), "{case}");
                assert_eq!(facts(&house, mailing).await, (4, 4), "{case}");
                for (delivery, attempts) in house.by_person(mailing).await.values() {
                    assert_eq!(attempts.len(), 1, "{case}: {delivery:?} {attempts:?}");
                }
                house.audit(mailing).await;
                if !struck {
                    assert!(no > 5, "{case}: that is too few of them");
                    break;
                }
            }
        }
    });
}

#[test]
fn a_sender_that_stops_behind_such_a_commit_leaves_no_doubt_either() {
    behind_a_wire(async |mut house, wire| {
        house.enrol_many(3).await;
        for workers in [1, 2] {
            let mut withheld = 0;
            for no in 1..=5 {
                let case = format!("{workers} workers, COMMIT number {no}");
                house.sink = SmtpSink::start().await;
                if workers == 2 {
                    // While the others have their turn, one worker is with the relay, and goes on to be when the sender stops.
                    house.sink.add(Rule::new(Moment::Dot, Deed::Delay(Duration::from_millis(300))).to("p1"));
                }
                let (_, mailing) = house.launch().await;
                wire.strike(no, Loss::Answer);
                let struck = async {
                    while !wire.has_struck() {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                house.sender(workers).run(struck).await;
                let counts = house.counts(mailing).await;
                assert_eq!((counts.submitting, counts.in_doubt), (0, 0), "{case}");
                withheld += counts.deferred;
                house.advance_minutes(3);
                send_all(&house, &mut house.sender(1), mailing).await;
                assert_eq!(house.counts(mailing).await.sent, 3, "{case}");
                house.audit(mailing).await;
            }
            assert!(withheld > 0, "in one of the cases a message was written down as being submitted");
        }
    });
}

#[test]
fn a_round_that_postgresql_ends_for_a_deadlock_is_written_again_at_once() {
    testkit::run(async {
        let Some(db) = TestDb::postgres().await else {
            eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
            return;
        };
        let house = House::new(&db).await;
        house.enrol_many(3).await;
        let (_, mailing) = house.launch().await;
        // A sequence is not rolled back: the first time, and only then.
        let once = "CREATE SEQUENCE rounds; \
             CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF nextval('rounds') = 1 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF; \
                 RETURN NEW; END $$; \
             CREATE TRIGGER once BEFORE INSERT ON facts FOR EACH ROW EXECUTE FUNCTION once()";
        house.db.writer().execute_unprepared(once).await.unwrap();
        assert_eq!(house.sender(1).tick().await.unwrap().tally.sent, 3);
        assert_eq!(facts(&house, mailing).await, (3, 3));
        let ended = house
            .db
            .writer()
            .query_one_raw(Statement::from_string(house.db.backend(), "SELECT last_value FROM rounds"));
        let inserted: i64 = ended.await.unwrap().unwrap().try_get("", "last_value").unwrap();
        assert_eq!(inserted, 4, "one of them was repeated");
        house.audit(mailing).await;
    });
}
