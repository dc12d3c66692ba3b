//! What SQLite makes of the statements that run while a large mailing is out. It keeps no statistics, so that the words of a
//! statement decide; one that reads the whole mailing holds the only writer up for as long.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testkit::TestDb;

use crate::{State, delivery, enqueue, lease, ledger, reap, recent, skip, submit};

#[tokio::test]
async fn no_statement_reads_a_whole_mailing() {
    let db = TestDb::sqlite().await;
    let sqlite = DbBackend::Sqlite;
    for sql in [
        lease::renewing(sqlite),
        lease::releasing(sqlite),
        submit::resubmitting(sqlite),
        reap::ANY.to_owned(),
        reap::finding(sqlite),
        enqueue::LANES.to_owned(),
        skip::WAITING.to_owned(),
        skip::MARKS.to_owned(),
        delivery::listing(Some(State::Failed)),
        delivery::listing(None),
        ledger::paging(Some(State::Failed)),
        ledger::paging(None),
        recent::LAST_ENDED.to_owned(),
        recent::UNFIT.to_owned(),
    ] {
        let explain = Statement::from_string(sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
        for step in db.database().reader().query_all_raw(explain).await.unwrap() {
            let step: String = step.try_get_by("detail").unwrap();
            let table = step.split(' ').nth(1).unwrap_or_default();
            let whole = step.starts_with("SCAN") || step.ends_with("(mailing_no=?)");
            // These indexes hold nothing but what is deferred, being submitted, or without a message.
            let rare = ["deliveries_due", "deliveries_submitting", "deliveries_unfit"]
                .iter()
                .any(|index| step.contains(index));
            let few = !matches!(table, "deliveries" | "d") || rare;
            assert!(few || !whole, "{step}\n{sql}");
        }
    }
}
