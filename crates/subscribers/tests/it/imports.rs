use domain::{Actor, Locale};
use subscribers::import::{self, List, Report, Row, Skipped};
use subscribers::opt_out::What;
use subscribers::suppression::{self, New, Reason, Told};
use subscribers::{Basis, Profile};
use testkit::{TestDb, both};
use verdict::Class;

use crate::stage::{Stage, ada, address, days, now, staff};

fn list(stage: &Stage<'_>) -> List {
    List {
        topics: vec![stage.topic(0)],
        basis: Basis::SoftOptIn,
        stated: "customers of the shop, asked at the till".to_owned(),
        until: Some(days(730)),
        locale: Locale::En,
    }
}

pub(crate) async fn bring(stage: &Stage<'_>, emails: Vec<String>) -> Report {
    let rows = (1..).zip(emails).map(|(line, email)| Row {
        line,
        email,
        profile: Profile { company: Some("Acme".to_owned()), ..Profile::default() },
        locale: None,
    });
    import::run(stage.db, &testkit::keys(), &list(stage), rows, &staff(), now()).await.unwrap()
}

async fn bring_one(stage: &Stage<'_>, email: &str) -> Report {
    bring(stage, vec![email.to_owned()]).await
}

both!(
    async fn a_list_comes_on_file_with_its_basis_and_again_changes_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let emails: Vec<String> = (0..600).map(|at| format!("p{at}@example.com")).collect();
        let report = bring(&stage, emails.clone()).await;
        assert_eq!((report.added, report.joined, report.unchanged, report.skipped.len()), (600, 0, 0, 0));
        let who = stage.id(&address("p7@example.com")).await;
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        let shown = subscribers::consent::show(stage.db.reader(), &address("p7@example.com")).await.unwrap().unwrap();
        assert_eq!(shown[0].basis, Some(Basis::SoftOptIn));
        let note = shown[0].proof.as_ref().unwrap().note.clone();
        assert_eq!(note.as_deref(), Some("customers of the shop, asked at the till"));
        assert_eq!(bring(&stage, emails).await.unchanged, 600);
        // A list mails nobody.
        assert!(stage.mails(domain::MailKind::Confirmation).await.is_empty());
    }
);

both!(
    async fn a_basis_that_ends_is_not_mailed_past_its_end(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        bring_one(&stage, "ada@example.com").await;
        let who = stage.id(&ada()).await;
        assert_eq!(stage.why_not(who, 0, days(729)).await, None);
        assert_eq!(stage.why_not(who, 0, days(730)).await.as_deref(), Some("not_subscribed"));
    }
);

both!(
    async fn what_a_person_consented_to_is_not_given_an_end_by_a_list(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        assert_eq!(bring_one(&stage, "ada@example.com").await.unchanged, 1);
        assert_eq!(stage.why_not(who, 0, days(800)).await, None);
        let person = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap();
        assert_eq!(person.profile.company, None);
    }
);

both!(
    async fn lines_that_are_wrong_are_named_and_the_rest_comes_in(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let emails = ["ada@example.com", "nonsense", "bob@example.com", "Ada@Example.com", "jörg@example.com"]
            .map(str::to_owned);
        let report = bring(&stage, emails.to_vec()).await;
        assert_eq!((report.added, report.unchanged), (2, 1));
        assert_eq!(
            report.skipped,
            [(2, Skipped::Address(domain::InvalidAddress::Syntax)), (5, Skipped::Unreachable(domain::Unreachable)),]
        );
    }
);

both!(
    async fn who_left_or_never_answered_is_not_brought_back_by_a_list(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        stage.leave(who, What::Topic(stage.topic(0)), now()).await;
        stage.ask(&address("bob@example.com"), &[0], now()).await;
        assert_eq!(bring_one(&stage, "ada@example.com").await.skipped, [(1, Skipped::Left)]);
        assert_eq!(bring_one(&stage, "bob@example.com").await.skipped, [(1, Skipped::Unconfirmed)]);
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("not_subscribed"));
    }
);

both!(
    async fn no_suppression_is_lifted_by_a_list(db: TestDb) {
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
        assert_eq!(bring_one(&stage, "ada@example.com").await.skipped, [(1, Skipped::Suppressed(Reason::Complaint))]);

        let bob = stage.join(&address("bob@example.com"), &[0]).await;
        crate::failures::fail(&stage, bob, Class::Hard, now()).await;
        assert_eq!(bring_one(&stage, "bob@example.com").await.skipped, [(1, Skipped::Suppressed(Reason::Hard))]);

        let eve = address("eve@example.com");
        let new = New { email: &eve, brand: None, reason: Told::Imported, detail: "old list" };
        suppression::add(stage.db, &testkit::keys(), &new, &staff(), now()).await.unwrap();
        assert_eq!(bring_one(&stage, "eve@example.com").await.skipped, [(1, Skipped::Suppressed(Reason::Imported))]);
        assert!(subscribers::find_by_email(stage.db.reader(), &eve).await.unwrap().is_none());
    }
);

both!(
    async fn two_imports_of_one_list_at_once_bring_everybody_once(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let emails: Vec<String> = (0..700).map(|at| format!("p{at}@example.com")).collect();
        let backwards: Vec<String> = emails.iter().rev().cloned().collect();
        let (one, other) = tokio::join!(bring(&stage, emails), bring(&stage, backwards));
        assert_eq!((one.added + other.added, one.unchanged + other.unchanged), (700, 700));
    }
);

both!(
    async fn who_stands_in_a_list_again_is_told_line_by_line(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let ada_id = stage.join(&ada(), &[0]).await;
        stage.leave(ada_id, What::Topic(stage.topic(0)), now()).await;
        stage.join(&address("bob@example.com"), &[0]).await;
        let eve = address("eve@example.com");
        let new = New { email: &eve, brand: Some(stage.brand), reason: Told::Manual, detail: "asked by telephone" };
        suppression::add(stage.db, &testkit::keys(), &new, &staff(), now()).await.unwrap();

        let emails = ["eve@example.com", "bob@example.com", "ada@example.com", "BOB@example.com", "ada@Example.com"];
        let rows = (1..).zip(emails.into_iter().chain(["eve@example.com", "new@example.com", "new@example.com"]));
        let name = |line: u64| Profile { name: Some(format!("Line {line}")), ..Profile::default() };
        let row = |(line, email): (u64, &str)| Row { line, email: email.to_owned(), profile: name(line), locale: None };
        let list = List { topics: vec![stage.topic(0), stage.topic(1)], ..list(&stage) };
        let report = import::run(stage.db, &testkit::keys(), &list, rows.map(row), &staff(), now()).await.unwrap();

        // Ada and Bob are subscribed to the second topic; Ada has left the first, and is told so when she comes up again.
        assert_eq!((report.added, report.joined, report.unchanged), (1, 2, 2));
        let suppressed = Skipped::Suppressed(Reason::Manual);
        assert_eq!(report.skipped, [(1, suppressed.clone()), (5, Skipped::Left), (6, suppressed)]);
        let new = subscribers::find_by_email(stage.db.reader(), &address("new@example.com")).await.unwrap().unwrap();
        assert_eq!(new.profile, name(7), "the first line counts");
        assert_eq!(stage.acts(&address("new@example.com")).await, ["vouched", "vouched"]);
        assert_eq!(stage.acts(&address("bob@example.com")).await, ["confirmed", "requested", "vouched"]);
        assert!(stage.why_not(new.id, 1, now()).await.is_none());
    }
);

both!(
    async fn a_basis_that_ends_is_prolonged_by_a_list_that_says_more_and_never_shortened(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        bring_one(&stage, "ada@example.com").await;
        for (until, joined) in [(days(1000), 1), (days(1000), 0), (days(900), 0)] {
            let list = List { until: Some(until), ..list(&stage) };
            let row = Row { line: 1, email: "ada@example.com".to_owned(), ..Row::default() };
            let report = import::run(stage.db, &testkit::keys(), &list, [row], &staff(), now()).await.unwrap();
            assert_eq!((report.joined, report.unchanged), (joined, 1 - joined), "until {until}");
        }
        let who = stage.id(&ada()).await;
        assert_eq!(stage.why_not(who, 0, days(999)).await, None);
        assert_eq!(stage.why_not(who, 0, days(1000)).await.as_deref(), Some("not_subscribed"));
    }
);

both!(
    async fn a_list_for_a_topic_that_takes_nobody_is_refused_as_a_whole(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let nowhere = domain::TopicId::new(now());
        let list = List { topics: vec![stage.topic(0), nowhere], ..list(&stage) };
        let row = Row { line: 1, email: "ada@example.com".to_owned(), ..Row::default() };
        let refused = import::run(stage.db, &testkit::keys(), &list, [row], &staff(), now()).await.unwrap_err();
        assert!(matches!(refused, subscribers::Error::UnknownTopic(id) if id == nowhere), "{refused}");
        assert!(subscribers::find_by_email(stage.db.reader(), &ada()).await.unwrap().is_none());
    }
);
