use std::collections::BTreeSet;

use domain::{Actor, MailKind, SubscriberId};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{ConnectionTrait, StatementBuilder};
use subscribers::opt_out::What;
use subscribers::{Page, audience, may_be_mailed, page_end, pause};
use testkit::{TestDb, both};
use verdict::Class;

use crate::stage::{Stage, address, days, now};

async fn people(stage: &Stage<'_>, select: SelectStatement) -> Vec<SubscriberId> {
    let statement = StatementBuilder::build(&select, &stage.db.backend());
    let rows = stage.db.reader().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "subscriber_id").unwrap()).collect()
}

fn page(after: Option<SubscriberId>, limit: u64) -> Page {
    Page { after, to: None, limit, engaged_since: None }
}

both!(
    async fn the_audience_is_exactly_who_may_be_mailed(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let mut all = Vec::new();
        for at in 0..14 {
            let who = stage.join(&address(&format!("p{at}@example.com")), &[at % 3, (at + 1) % 3]).await;
            all.push(who);
        }
        stage.ask(&address("pending@example.com"), &[0, 1, 2], now()).await;
        all.push(stage.id(&address("pending@example.com")).await);
        stage.leave(all[0], What::Topic(stage.topic(0)), now()).await;
        stage.leave(all[1], What::Brand(stage.brand), now()).await;
        pause::set(stage.db, all[2], stage.brand, days(1), &Actor::System, now()).await.unwrap();
        crate::failures::fail(&stage, all[3], Class::Hard, now()).await;
        let txn = stage.db.begin().await.unwrap();
        subscribers::record_complaint(
            &txn,
            all[4],
            stage.brand,
            &Actor::rule("arf"),
            subscribers::suppression::Origin::default(),
            now(),
        )
        .await
        .unwrap();
        txn.commit().await.unwrap();
        subscribers::erase(stage.db, all[5], &Actor::Operator, now()).await.unwrap();
        crate::imports::bring(&stage, vec!["list@example.com".to_owned()]).await;
        all.push(stage.id(&address("list@example.com")).await);

        for at in [now(), days(1), days(731)] {
            for topic in 0..3 {
                let select = audience(stage.brand, stage.topic(topic), page(None, 100), at);
                let chosen = people(&stage, select).await;
                let scope = subscribers::Scope { brand: stage.brand, topic: Some(stage.topic(topic)) };
                let answers = may_be_mailed(stage.db.reader(), MailKind::Campaign, &scope, &all, at).await.unwrap();
                let may: BTreeSet<SubscriberId> = all.iter().copied().filter(|who| answers.may(*who)).collect();
                assert!(!may.is_empty());
                assert_eq!(chosen, may.into_iter().collect::<Vec<_>>(), "topic {topic} at {at}");
            }
        }
    }
);

both!(
    async fn the_audience_comes_in_chunks_that_leave_nobody_out(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        crate::imports::bring(&stage, (0..25).map(|at| format!("p{at}@gmail.com")).collect()).await;
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let chunk = people(&stage, audience(stage.brand, stage.topic(0), page(after, 10), now())).await;
            if chunk.is_empty() {
                break;
            }
            after = chunk.last().copied();
            seen.extend(chunk);
        }
        assert_eq!(seen.len(), 25);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25);
    }
);

both!(
    async fn a_piece_of_the_audience_ends_where_it_is_told_and_may_hold_those_only_who_have_answered_since(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        crate::imports::bring(&stage, (0..9).map(|at| format!("p{at}@gmail.com")).collect()).await;
        let all = people(&stage, audience(stage.brand, stage.topic(0), page(None, 100), now())).await;
        let end = async |after, size| page_end(stage.db.reader(), stage.topic(0), after, size).await.unwrap();
        assert_eq!((end(None, 4).await, end(Some(all[3]), 5).await), (Some(all[3]), Some(all[8])));
        assert_eq!((end(Some(all[3]), 6).await, end(Some(all[8]), 1).await), (None, None));
        let kinds = [activity::Kind::Clicked, activity::Kind::Confirmed, activity::Kind::Sent, activity::Kind::Opened];
        for (at, kind) in [1, 3, 4, 8].into_iter().zip(kinds) {
            let fact = activity::Fact::new(kind, stage.brand, days(at as i64)).about(all[at]);
            activity::record(stage.db.writer(), &fact).await.unwrap();
        }
        for (to, since, expected) in [
            (None, None, &all[1..]),
            (Some(all[4]), None, &all[1..=4]),
            (None, Some(days(0)), &[all[1], all[3], all[8]]),
            (None, Some(days(3)), &[all[3], all[8]]),
            (Some(all[4]), Some(days(2)), &[all[3]]),
            (Some(all[4]), Some(days(4)), &[]),
        ] {
            let page = Page { after: Some(all[0]), to, limit: 100, engaged_since: since };
            assert_eq!(people(&stage, audience(stage.brand, stage.topic(0), page, now())).await, expected, "{page:?}");
        }
    }
);

both!(
    async fn who_is_not_on_file_may_get_staffs_mail_and_nothing_else(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        for kind in MailKind::ALL {
            let why = stage.why_not_get(kind, SubscriberId::NOBODY, Some(0), now()).await;
            let expected = (!kind.is_for_staff()).then(|| "unknown".to_owned());
            assert_eq!(why, expected, "{kind}");
        }
    }
);

both!(
    async fn every_kind_of_mail_has_its_own_bars(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&address("ada@example.com"), &[0]).await;
        stage.ask(&address("ada@example.com"), &[1], days(2)).await;
        let complaint = || async {
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
        };
        complaint().await;
        let why = async |kind| stage.why_not_get(kind, who, None, days(2)).await;
        let barred = Some("suppressed_complaint".to_owned());
        assert_eq!(why(MailKind::Confirmation).await, barred);
        assert_eq!(why(MailKind::Reminder).await, barred);
        assert_eq!(why(MailKind::Welcome).await, barred);
        // Whoever complained may still see and erase what is kept about them.
        assert_eq!(why(MailKind::Access).await, None);
        crate::failures::fail(&stage, who, Class::Hard, now()).await;
        assert_eq!(why(MailKind::Access).await.as_deref(), Some("suppressed_hard"));
        assert_eq!(why(MailKind::Test).await, None);
    }
);
