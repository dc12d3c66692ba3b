//! One transaction for each mail that came back.

use activity::Kind;
use chrono::TimeDelta;
use feedback::{Filter, Incoming, Processed, Standing, find, list, process};
use limits::pause;
use links::Person;
use testkit::{TestDb, both, start_of_time};

use crate::world::{World, address, sample};

both!(
    async fn a_report_is_known_by_the_return_path_that_it_came_to(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        // The tokens within are somebody else's; the envelope says enough.
        let report = sample("postfix-unknown-user.eml");
        assert_eq!(world.standing(&world.return_path(key), &report).await, Some(Standing::Acted));
        let delivery = outbox::find(world.db.reader(), key).await.unwrap().unwrap();
        assert_eq!(delivery.bounced_at, Some(start_of_time()));
        assert_eq!(world.facts().await, [Kind::Bounced]);
        let kept = list(world.db.reader(), Filter::default(), None, 10).await.unwrap();
        assert_eq!((kept[0].class.as_deref(), kept[0].rule.as_deref()), (Some("hard"), Some("mailbox.unknown")));
        assert_eq!(kept[0].delivery, Some(key));
        assert_eq!(feedback::raw(world.db.reader(), kept[0].id).await.unwrap(), Some(report.into_bytes()));
    }
);

both!(
    async fn a_report_to_postmaster_is_known_by_what_it_returns(db: TestDb) {
        let world = World::new(db.database()).await;
        for strip in [&["Original-Envelope-Id"][..], &["Message-ID"], &["Original-Envelope-Id", "Message-ID"]] {
            let key = world.sent("ada@example.org", "other", None).await;
            let mut report = world.returned("postfix-unknown-user.eml", key);
            strip.iter().for_each(|name| report = report.replace(name, "X-Stripped"));
            assert_eq!(world.standing(&address("postmaster@bounce.example.com"), &report).await, Some(Standing::Acted));
            assert!(outbox::find(world.db.reader(), key).await.unwrap().unwrap().bounced_at.is_some(), "{strip:?}");
        }
    }
);

both!(
    async fn the_same_report_twice_changes_nothing(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let (to, report) = (world.return_path(key), world.returned("postfix-unknown-user.eml", key));
        assert_eq!(world.standing(&to, &report).await, Some(Standing::Acted));
        assert_eq!(world.standing(&to, &report).await, None);
        // Through another server it has other bytes, and is the same report by its id.
        assert_eq!(world.standing(&to, &format!("Received: from mx\r\n{report}")).await, None);
        assert_eq!(world.facts().await, [Kind::Bounced]);
        assert_eq!(list(world.db.reader(), Filter::default(), None, 10).await.unwrap().len(), 1);
    }
);

both!(
    async fn ten_at_once_change_one_thing(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let (to, report) = (world.return_path(key), world.returned("postfix-unknown-user.eml", key));
        let tasks = (0..10).map(|n| {
            let (db, links, to) = (world.db.clone(), world.links.clone(), to.clone());
            let raw = format!("X-Way: {n}\r\n{report}");
            tokio::spawn(async move {
                let incoming = Incoming { source: "test", from: "", to: &[to], raw: raw.as_bytes() };
                process(&db, &links, incoming, start_of_time()).await.unwrap()
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(world.facts().await, [Kind::Bounced]);
        assert_eq!(list(world.db.reader(), Filter::default(), None, 20).await.unwrap().len(), 1);
    }
);

both!(
    async fn a_refusal_for_reputation_pauses_the_provider(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "yahoo", None).await;
        let report = world.returned("broken-boundary.eml", key);
        assert_eq!(world.standing(&world.return_path(key), &report).await, Some(Standing::Acted));
        let paused = pause::active(world.db.reader(), start_of_time()).await.unwrap();
        assert_eq!((paused.len(), paused[0].provider.as_str()), (1, "yahoo"));
        assert_eq!(paused[0].rule, "reputation.blocklist");
        assert_eq!(paused[0].until, start_of_time() + TimeDelta::minutes(10));
    }
);

both!(
    async fn a_refusal_by_anybody_else_pauses_nobody(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        world.process(&world.return_path(key), &world.returned("broken-boundary.eml", key)).await;
        assert!(pause::active(world.db.reader(), start_of_time()).await.unwrap().is_empty());
        // It counts in the share of those that refuse us all the same.
        let ended = "SELECT returned_as FROM deliveries WHERE returned_as IS NOT NULL";
        let classes = database::sql::rows(world.db.reader(), ended, []).await.unwrap();
        let classes: Vec<String> = classes.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(classes, ["block"]);
    }
);

both!(
    async fn a_delay_is_noted_and_is_no_bounce(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let report = world.returned("postfix-unknown-user.eml", key).replace("Action: failed", "Action: delayed");
        assert_eq!(world.standing(&world.return_path(key), &report).await, Some(Standing::Noted));
        assert!(world.facts().await.is_empty());
        assert_eq!(outbox::find(world.db.reader(), key).await.unwrap().unwrap().bounced_at, None);
    }
);

both!(
    async fn of_several_recipients_ours_counts(db: TestDb) {
        let world = World::new(db.database()).await;
        for (to, class) in
            [("gone@example.org", Some("hard")), ("full@example.org", Some("soft")), ("there@example.org", None)]
        {
            let key = world.sent(to, "other", None).await;
            let done = world.process(&world.return_path(key), &world.returned("several-recipients.eml", key)).await;
            let Processed::Kept { id, .. } = done else { panic!("{to}: {done:?}") };
            let kept = find(world.db.reader(), id).await.unwrap().unwrap();
            assert_eq!(kept.class.as_deref(), class, "{to}");
        }
    }
);

both!(
    async fn an_auto_reply_counts_as_nothing(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let reply = world.returned("out-of-office.eml", key);
        assert_eq!(world.standing(&world.return_path(key), &reply).await, Some(Standing::Noted));
        assert_eq!(world.facts().await, [Kind::AutoAnswered]);
        let delivery = outbox::find(world.db.reader(), key).await.unwrap().unwrap();
        assert_eq!((delivery.bounced_at, delivery.complained_at), (None, None));
    }
);

both!(
    async fn what_is_not_understood_is_kept_and_listed(db: TestDb) {
        let world = World::new(db.database()).await;
        let to = address("postmaster@bounce.example.com");
        for name in ["nonsense.eml", "about-a-bounce.eml", "unsubscribe-quoted.eml", "empty.eml"] {
            assert_eq!(world.standing(&to, &sample(name)).await, Some(Standing::NotUnderstood), "{name}");
        }
        let filter = Filter { standing: Some(Standing::NotUnderstood), ..Filter::default() };
        let listed = list(world.db.reader(), filter.clone(), None, 3).await.unwrap();
        assert_eq!(listed.len(), 3);
        let rest = list(world.db.reader(), filter, Some(listed[2].id), 3).await.unwrap();
        assert_eq!(rest.len(), 1);
    }
);

both!(
    async fn a_report_or_complaint_without_a_token_changes_nothing(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let to = address("fbl@bounce.example.com");
        let flipped = |mail: &str| {
            let token = world.return_path(key).local_part().to_owned();
            let last = if token.ends_with('a') { "b" } else { "a" };
            mail.replace(&token, &format!("{}{last}", &token[..token.len() - 1]))
        };
        // That a provider has signed a complaint may be seen later.
        for (name, standing) in
            [("postfix-unknown-user.eml", Standing::Refused), ("feedback-abuse.eml", Standing::ToLookAt)]
        {
            assert_eq!(world.standing(&to, &sample(name)).await, Some(standing), "{name}");
            let forged = flipped(&sample(name).replace("b-token@bounce.example.com", world.return_path(key).as_str()));
            assert_eq!(world.standing(&to, &forged).await, Some(standing), "{name} forged");
        }
        assert!(world.facts().await.is_empty());
        let delivery = outbox::find(world.db.reader(), key).await.unwrap().unwrap();
        assert_eq!((delivery.bounced_at, delivery.complained_at), (None, None));
    }
);

both!(
    async fn the_links_of_a_test_mail_change_nothing(db: TestDb) {
        let world = World::new(db.database()).await;
        let nobody = Person { subscriber: domain::SubscriberId::NOBODY, topic: domain::TopicNo(1) };
        let to = world.links.unsubscribe_mailto(&world.site, nobody).unwrap();
        assert_eq!(world.standing(&to, &sample("unsubscribe-word.eml")).await, Some(Standing::Noted));
    }
);

both!(
    async fn old_mails_go_and_what_they_did_stays(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let (to, report) = (world.return_path(key), world.returned("postfix-unknown-user.eml", key));
        world.process(&to, &report).await;
        let later = start_of_time() + TimeDelta::days(90);
        assert_eq!(feedback::expire(world.db.writer(), start_of_time(), 10).await.unwrap(), 0);
        assert_eq!(feedback::expire(world.db.writer(), later, 10).await.unwrap(), 1);
        assert!(list(world.db.reader(), Filter::default(), None, 10).await.unwrap().is_empty());
        // The report is still known by its id.
        assert_eq!(world.standing(&to, &report).await, None);
    }
);

both!(
    async fn a_report_is_known_for_thirty_days_by_its_id(db: TestDb) {
        let world = World::new(db.database()).await;
        for name in ["postfix-unknown-user.eml", "broken-boundary.eml"] {
            let key = world.sent("ada@example.org", "other", None).await;
            world.process(&world.return_path(key), &world.returned(name, key)).await;
        }
        let month = start_of_time() + TimeDelta::days(30);
        let forget = async |limit, now| feedback::forget_reports(world.db.writer(), limit, now).await.unwrap();
        assert_eq!(forget(10, month).await, 0);
        assert_eq!(forget(1, month + TimeDelta::seconds(1)).await, 1);
        assert_eq!(forget(10, month + TimeDelta::seconds(1)).await, 1);
    }
);

both!(
    async fn a_nul_anywhere_is_no_reason_to_give_a_mail_back(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let report = world.returned("postfix-unknown-user.eml", key).replace("User unknown", "User\0unknown");
        let to = [world.return_path(key)];
        let incoming = Incoming { source: "test", from: "a\0b@example.org", to: &to, raw: report.as_bytes() };
        let done = process(world.db, &world.links, incoming, start_of_time()).await.unwrap();
        assert!(matches!(done[..], [Processed::Kept { standing: Standing::Acted, .. }]), "{done:?}");
    }
);

both!(
    async fn that_a_mail_was_opened_or_thrown_away_counts_as_nothing(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let to = world.return_path(key);
        for name in ["receipt-exchange.eml", "receipt-exchange-deleted.eml", "receipt-rejected-by-a-filter.eml"] {
            let receipt = world.returned(name, key);
            assert_eq!(world.standing(&to, &receipt).await, Some(Standing::Noted), "{name}");
        }
        assert!(world.facts().await.is_empty());
        let delivery = outbox::find(world.db.reader(), key).await.unwrap().unwrap();
        assert_eq!((delivery.bounced_at, delivery.complained_at), (None, None));
    }
);
