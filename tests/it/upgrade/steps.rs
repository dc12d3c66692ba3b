//! What the steps behind the first schema make of the rows that they find.

use chrono::TimeDelta;
use database::Database;
use domain::{Actor, InstanceId, MailboxProvider};
use sea_orm::{ConnectionTrait, Statement};

use super::{day, end, one};

/// How far an attempt came, the relay's code, the rule, and whether a relay was offered the message.
type Attempt = (Option<&'static str>, Option<i16>, Option<&'static str>, bool);

/// Attempts as earlier versions left them.
const ATTEMPTS: [Attempt; 11] = [
    (Some("connect"), None, None, false),
    (Some("tls"), None, None, false),
    (Some("auth"), None, None, false),
    (Some("mail_from"), None, Some("withheld"), false),
    (Some("body"), None, Some("withheld"), false),
    (Some("mail_from"), None, Some("unfit"), false),
    // A refusal that was heard counts wherever it came.
    (Some("connect"), Some(554), Some("reputation.blocklist"), true),
    (Some("auth"), Some(454), Some("code.454"), true),
    (Some("rcpt_to"), Some(450), Some("exact.greylist"), true),
    (Some("data"), None, None, true),
    // Its worker was lost.
    (None, None, None, true),
];

/// A number that no delivery of the story has.
const ORDINAL: i64 = 1_000_000;

pub(super) async fn leave_attempts(db: &Database) {
    for ((phase, code, rule, _), attempt) in ATTEMPTS.iter().zip(1_i32..) {
        let sql = "INSERT INTO attempts (mailing_no, ordinal, attempt, phase, outcome, code, rule, noted_at) \
                   VALUES (4, $1, $2, $3, 'deferred', $4, $5, $6)";
        let values = [ORDINAL.into(), attempt.into(), (*phase).into(), (*code).into(), (*rule).into(), day(3).into()];
        db.writer().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await.unwrap();
    }
}

/// 15 and 21: no round was sealed, and what is sealed from now on goes by its age.
pub(super) async fn rounds_are_sealed_from_now_on(db: &Database) {
    let me = InstanceId::new(end());
    assert!(!outbox::round::is_sealed(db, me, 1, end()).await.unwrap());
    let mut writes = database::Writes::new();
    outbox::round::seal(&mut writes, me, 2, end());
    writes.run(db.writer()).await.unwrap();
    assert!(outbox::round::is_sealed(db, me, 2, end()).await.unwrap());
    let after = |days| end() + TimeDelta::days(days);
    assert_eq!(outbox::round::sweep(db.writer(), after(30)).await.unwrap(), 0);
    assert_eq!(outbox::round::sweep(db.writer(), after(31)).await.unwrap(), 1);
}

/// 16: what no relay was offered is no try, as far as the row tells.
pub(super) async fn what_no_relay_was_offered_is_no_try(db: &Database) {
    let sql = format!("SELECT offered FROM attempts WHERE ordinal = {ORDINAL} ORDER BY attempt");
    let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    let offered: Vec<bool> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(offered, ATTEMPTS.map(|(.., offered)| offered));
    let theirs = format!("DELETE FROM attempts WHERE ordinal = {ORDINAL}");
    db.writer().execute_unprepared(&theirs).await.unwrap();
    let others = one(db, "SELECT COUNT(*) FROM attempts WHERE NOT offered").await;
    assert_eq!(others.try_get_by_index::<i64>(0).unwrap(), 0, "the story's reached their relay");
}

/// 17 and 20: a pause stands as it was, ended by nobody, and no provider has asked for less.
pub(super) async fn what_holds_providers_back_stands(db: &Database) {
    let microsoft: MailboxProvider = "microsoft".parse().unwrap();
    let pause = limits::pause::last(db.reader(), &microsoft).await.unwrap().unwrap();
    assert_eq!((pause.since, pause.until), (day(16), day(16) + TimeDelta::minutes(10)));
    assert_eq!((pause.actor, pause.lifted_by), (Actor::Operator, None));
    assert_eq!(limits::pace::last(db.reader(), &microsoft).await.unwrap(), None);
    assert_eq!(limits::pace::active(db.reader(), end()).await.unwrap(), []);
}

/// 18: reports that were here before are forgotten when their time comes.
pub(super) async fn old_reports_are_forgotten(db: &Database) {
    let month = day(16) + TimeDelta::days(30);
    assert_eq!(feedback::forget_reports(db.writer(), 10, month).await.unwrap(), 0);
    assert_eq!(feedback::forget_reports(db.writer(), 10, month + TimeDelta::seconds(1)).await.unwrap(), 2);
}
