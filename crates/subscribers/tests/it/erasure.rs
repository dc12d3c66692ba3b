use domain::{Actor, MailKind};
use sea_orm::{ConnectionTrait, Statement};
use subscribers::import::Skipped;
use subscribers::suppression::{self, New, Reason, Told};
use subscribers::{Error, opt_in};
use testkit::{TestDb, both};

use crate::stage::{Stage, ada, days, evidence, now, staff};

/// Whether any text of the tables that this crate owns, or has others write to, holds the words.
pub(crate) async fn anywhere(stage: &Stage<'_>, words: &str) -> Vec<String> {
    let columns = [
        ("subscribers", "email"),
        ("subscribers", "name"),
        ("opt_ins", "details"),
        ("suppressions", "detail"),
        ("suppressions", "lifted_why"),
        ("suppressions", "lifted_by"),
        ("suppressions", "created_by"),
        ("consent_events", "evidence"),
        ("deliveries", "recipient"),
        ("deliveries", "data"),
        ("facts", "detail"),
    ];
    let mut found = Vec::new();
    for (table, column) in columns {
        let sql = format!("SELECT {column} FROM {table} WHERE {column} LIKE '%{words}%'");
        let rows = stage.db.reader().query_all_raw(Statement::from_string(stage.db.backend(), sql)).await.unwrap();
        found.extend((!rows.is_empty()).then(|| format!("{table}.{column}")));
    }
    found
}

both!(
    async fn an_erased_person_is_nowhere_and_no_list_brings_them_back(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let email = ada();
        let new = New { email: &email, brand: None, reason: Told::Manual, detail: "ada@example.com asked us" };
        let manual = suppression::add(stage.db, &testkit::keys(), &new, &staff(), now()).await.unwrap();
        let why = Some("Ada@example.com wrote again");
        suppression::lift(stage.db, manual.id, why, &staff(), now()).await.unwrap();
        let who = stage.join(&ada(), &[0, 1]).await;
        stage.ask(&ada(), &[2], days(2)).await;

        let themselves = Actor::Subscriber(who);
        let erased = subscribers::erase(stage.db, who, &themselves, days(2)).await.unwrap();
        assert_eq!(erased.consent_events, 5);
        assert_eq!(anywhere(&stage, "ada@example.com").await, Vec::<String>::new());
        assert_eq!(anywhere(&stage, "Ada").await, Vec::<String>::new());
        assert_eq!(anywhere(&stage, &who.to_string()).await, Vec::<String>::new());
        let again = subscribers::erase(stage.db, who, &themselves, days(2)).await;
        assert!(matches!(again, Err(Error::NotFound(_))));

        let report = crate::imports::bring(&stage, vec!["ada@example.com".to_owned()]).await;
        assert_eq!(report.skipped, [(1, Skipped::Suppressed(Reason::Erased))]);
        assert!(subscribers::find_by_email(stage.db.reader(), &ada()).await.unwrap().is_none());
    }
);

both!(
    async fn an_erased_person_comes_back_by_themselves_and_staff_cannot_lift_it(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        subscribers::erase(stage.db, who, &staff(), now()).await.unwrap();
        let standing = suppression::active_for(stage.db.reader(), &testkit::keys(), &ada()).await.unwrap();
        let lifted = suppression::lift(stage.db, standing[0].id, Some("please"), &staff(), now()).await;
        assert!(lifted.is_err());

        stage.ask(&ada(), &[0], days(1)).await;
        assert_eq!(stage.mails(MailKind::Confirmation).await.len(), 1);
        opt_in::confirm(stage.db, stage.last_opt_in().await, &evidence(), days(1)).await.unwrap();
        let back = stage.id(&ada()).await;
        assert_ne!(back, who);
        assert_eq!(stage.why_not(back, 0, days(1)).await, None);
    }
);

both!(
    async fn a_complaint_outlives_erasure_and_return(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let txn = stage.db.begin().await.unwrap();
        subscribers::record_complaint(
            &txn,
            who,
            stage.brand,
            &Actor::rule("arf"),
            subscribers::suppression::Origin::default(),
            now(),
        )
        .await
        .unwrap();
        txn.commit().await.unwrap();
        subscribers::erase(stage.db, who, &staff(), now()).await.unwrap();
        stage.ask(&ada(), &[0], days(1)).await;
        let back = stage.id(&ada()).await;
        let why = stage.why_not_get(MailKind::Confirmation, back, None, days(1)).await;
        assert_eq!(why.as_deref(), Some("suppressed_complaint"));
    }
);

#[test]
fn an_erasure_that_postgresql_ends_for_a_deadlock_is_repeated() {
    testkit::run(async {
        let Some(db) = TestDb::postgres().await else {
            return eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
        };
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        // A sequence is not rolled back: the first time, and only then.
        let once = "CREATE SEQUENCE erasures; \
             CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF nextval('erasures') = 1 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF; \
                 RETURN OLD; END $$; \
             CREATE TRIGGER once BEFORE DELETE ON subscribers FOR EACH ROW EXECUTE FUNCTION once()";
        stage.db.writer().execute_unprepared(once).await.unwrap();
        let erased = subscribers::erase(stage.db, who, &staff(), now()).await.unwrap();
        assert!(erased.consent_events > 0);
        assert_eq!(anywhere(&stage, "ada@example.com").await, Vec::<String>::new());
    });
}
