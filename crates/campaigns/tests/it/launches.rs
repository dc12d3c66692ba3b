use std::collections::BTreeSet;
use std::time::Duration;

use campaigns::{CampaignStatus, Error, NewRelay};
use chrono::TimeDelta;
use database::lease::{self, BeginError};
use domain::{CampaignId, InstanceId};
use limits::WarmUp;
use outbox::Claim;
use outbox::mailing::MailingState;
use sea_orm::ConnectionTrait;
use testkit::{TestDb, both, scheduler};

use crate::setting::{Setting, now, staff};

async fn status(db: &database::Database, id: CampaignId) -> CampaignStatus {
    campaigns::find(db.reader(), id).await.unwrap().unwrap().status
}

both!(
    async fn a_launch_writes_everybody_down_once(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let people: BTreeSet<_> = setting.people(db, 30).await.into_iter().collect();
        let campaign = setting.scheduled(db).await;
        let done = campaigns::launch_due(db, &scheduler(db, now()).await, now()).await.unwrap();
        assert_eq!((done.begun, done.enqueued, done.finished, done.more), (1, 30, 1, false));

        let launched = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap();
        assert_eq!(launched.status, CampaignStatus::Sending);
        let mailing = launched.mailing.unwrap();
        let deliveries = outbox::list(db.reader(), mailing, None, None, 100).await.unwrap();
        assert_eq!(deliveries.len(), 30);
        assert_eq!(deliveries.iter().filter_map(|delivery| delivery.subscriber).collect::<BTreeSet<_>>(), people);
        let mailing = outbox::mailing::find(db.reader(), mailing).await.unwrap().unwrap();
        assert_eq!(mailing.state, MailingState::Open);

        let again = campaigns::launch_due(db, &scheduler(db, now()).await, now()).await.unwrap();
        assert_eq!(again, campaigns::Launch::default());
        let report = campaigns::report(db.reader(), campaign.id).await.unwrap();
        assert_eq!((report.audience, report.submission.queued), (30, 30));
    }
);

both!(
    async fn nothing_goes_out_before_its_time(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let campaign = setting.campaign(db).await;
        let later = now() + TimeDelta::hours(1);
        campaigns::schedule(db, campaign.id, later, None, &staff(), now()).await.unwrap();
        assert_eq!(
            campaigns::launch_due(
                db,
                &scheduler(db, later - TimeDelta::seconds(1)).await,
                later - TimeDelta::seconds(1)
            )
            .await
            .unwrap()
            .begun,
            0
        );
        assert_eq!(campaigns::launch_due(db, &scheduler(db, later).await, later).await.unwrap().begun, 1);
    }
);

both!(
    async fn of_many_instances_that_launch_each_person_is_written_down_by_one(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        setting.people(db, 1_200).await;
        let campaign = setting.scheduled(db).await;
        let lease = scheduler(db, now()).await;
        let instances = (0..4).map(|_| {
            let (db, lease) = (db.clone(), lease.clone());
            testkit::tokio::spawn(async move { campaigns::launch_due(&db, &lease, now()).await.unwrap() })
        });
        for instance in instances.collect::<Vec<_>>() {
            instance.await.unwrap();
        }
        while campaigns::launch_due(db, &scheduler(db, now()).await, now()).await.unwrap().more {}
        assert_eq!(status(db, campaign.id).await, CampaignStatus::Sending);
        assert_eq!(campaigns::report(db.reader(), campaign.id).await.unwrap().audience, 1_200);
    }
);

both!(
    async fn a_scheduler_that_was_frozen_changes_nothing(db: TestDb) {
        let db = db.database();
        let (setting, nobody) = (Setting::lay(db).await, Setting::named(db, "other").await);
        setting.people(db, 3).await;
        let frozen = scheduler(db, now()).await;
        let (drained, called_off) = (nobody.scheduled(db).await, setting.scheduled(db).await);
        campaigns::launch_due(db, &frozen, now()).await.unwrap();
        let due = setting.scheduled(db).await;
        campaigns::cancel(db, called_off.id, None, &staff(), now()).await.unwrap();
        let later = now() + TimeDelta::days(1);
        let other = InstanceId::new(later).uuid();
        let fresh = lease::acquire(db, "scheduler", other, Duration::from_secs(60), later).await.unwrap().unwrap();

        // By its own clock it has not slept.
        for now in [now(), later] {
            let lost = |error| matches!(error, Error::Lease(BeginError::Lost(_)));
            assert!(lost(campaigns::launch_due(db, &frozen, now).await.unwrap_err()));
            assert!(lost(campaigns::finish_drained(db, &frozen, now).await.unwrap_err()));
            assert!(lost(campaigns::settle_cancelled(db, &frozen, now).await.unwrap_err()));
        }
        assert_eq!(status(db, due.id).await, CampaignStatus::Scheduled);
        assert_eq!(status(db, drained.id).await, CampaignStatus::Sending);
        assert_eq!(campaigns::find(db.reader(), called_off.id).await.unwrap().unwrap().finished_at, None);
        assert_eq!(campaigns::report(db.reader(), called_off.id).await.unwrap().submission.queued, 3);
        assert_eq!(campaigns::launch_due(db, &fresh, later).await.unwrap().begun, 1);
        assert_eq!(campaigns::finish_drained(db, &fresh, later).await.unwrap(), 1);
    }
);

both!(
    async fn what_is_wrong_with_one_campaign_holds_up_no_other(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let lose_mailing = |status: &str| {
            format!("UPDATE campaigns SET status = '{status}', mailing_no = 4711 WHERE mailing_no IS NULL")
        };
        let broken = setting.scheduled(db).await;
        db.writer().execute_unprepared(&lose_mailing("launching")).await.unwrap();
        let sound = setting.scheduled(db).await;
        let lease = scheduler(db, now()).await;
        let launched = campaigns::launch_due(db, &lease, now()).await.unwrap();
        assert_eq!((launched.begun, launched.finished), (1, 1));
        assert_eq!(status(db, broken.id).await, CampaignStatus::Launching);

        db.writer().execute_unprepared("UPDATE campaigns SET status = 'sending'").await.unwrap();
        assert_eq!(campaigns::finish_drained(db, &lease, now()).await.unwrap(), 1);
        assert_eq!(status(db, sound.id).await, CampaignStatus::Sent);
    }
);

both!(
    async fn many_that_are_sending_hide_none_that_is_drained(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let drained = setting.scheduled(db).await;
        let lease = scheduler(db, now()).await;
        campaigns::launch_due(db, &lease, now()).await.unwrap();
        for _ in 0..101 {
            setting.campaign(db).await;
        }
        db.writer().execute_unprepared("UPDATE campaigns SET status = 'sending' WHERE status = 'draft'").await.unwrap();
        assert_eq!(campaigns::finish_drained(db, &lease, now()).await.unwrap(), 1);
        assert_eq!(status(db, drained.id).await, CampaignStatus::Sent);
    }
);

both!(
    async fn a_pause_holds_the_mailing_and_resuming_lets_it_go(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        setting.people(db, 2).await;
        let campaign = setting.scheduled(db).await;
        let early = campaigns::pause(db, campaign.id, None, &staff(), now()).await.unwrap_err();
        assert!(matches!(early, Error::State(_)));
        campaigns::launch_due(db, &scheduler(db, now()).await, now()).await.unwrap();
        let mailing = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap().mailing.unwrap();
        let state = || async { outbox::mailing::find(db.reader(), mailing).await.unwrap().unwrap().state };

        campaigns::pause(db, campaign.id, None, &staff(), now()).await.unwrap();
        assert_eq!((status(db, campaign.id).await, state().await), (CampaignStatus::Paused, MailingState::Held));
        assert_eq!(campaigns::finish_drained(db, &scheduler(db, now()).await, now()).await.unwrap(), 0);
        campaigns::resume(db, campaign.id, None, &staff(), now()).await.unwrap();
        assert_eq!((status(db, campaign.id).await, state().await), (CampaignStatus::Sending, MailingState::Open));
    }
);

both!(
    async fn what_waits_in_a_cancelled_campaign_is_written_off_and_still_adds_up(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        setting.people(db, 5).await;
        let campaign = setting.scheduled(db).await;
        campaigns::launch_due(db, &scheduler(db, now()).await, now()).await.unwrap();
        campaigns::cancel(db, campaign.id, None, &staff(), now()).await.unwrap();
        while campaigns::settle_cancelled(db, &scheduler(db, now()).await, now()).await.unwrap() {}
        campaigns::settle_cancelled(db, &scheduler(db, now()).await, now()).await.unwrap();
        let report = campaigns::report(db.reader(), campaign.id).await.unwrap();
        assert_eq!((report.audience, report.submission.skipped, report.submission.queued), (5, 5, 0));
        let settled = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap();
        assert_eq!((settled.status, settled.finished_at), (CampaignStatus::Cancelled, Some(now())));
    }
);

both!(
    async fn a_campaign_for_nobody_is_sent_at_once(db: TestDb) {
        let db = db.database();
        let campaign = Setting::lay(db).await.scheduled(db).await;
        campaigns::launch_due(db, &scheduler(db, now()).await, now()).await.unwrap();
        assert_eq!(campaigns::finish_drained(db, &scheduler(db, now()).await, now()).await.unwrap(), 1);
        assert_eq!(status(db, campaign.id).await, CampaignStatus::Sent);
    }
);

both!(
    async fn a_campaign_is_not_over_while_one_in_doubt_is_being_sent_again(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        setting.people(db, 1).await;
        let campaign = setting.scheduled(db).await;
        campaigns::launch_due(db, &scheduler(db, now()).await, now()).await.unwrap();
        let (holder, ttl) = (InstanceId::new(now()), Duration::from_secs(60));
        let claim = Claim { holder, blocked: &[], resting: &[], urgent_only: false, limit: 1, ttl };
        let batch = outbox::claim(db, &claim, now()).await.unwrap().unwrap();
        let key = batch.deliveries[0].key;
        outbox::submit(db.writer(), &batch.lease, &[key], now()).await.unwrap();
        let late = now() + TimeDelta::minutes(2);
        assert_eq!(outbox::reap(db, holder, late).await.unwrap(), 1);

        let lease = scheduler(db, late).await;
        let txn = db.begin().await.unwrap();
        outbox::resend(&txn, key, &staff(), late).await.unwrap();
        let finishing = db.clone();
        let finishing =
            testkit::tokio::spawn(async move { campaigns::finish_drained(&finishing, &lease, late).await.unwrap() });
        // Long enough for it to look; if it is slower, it sees what is committed, and the test proves nothing.
        testkit::tokio::time::sleep(Duration::from_millis(200)).await;
        txn.commit().await.unwrap();
        assert_eq!(finishing.await.unwrap(), 0);
        assert_eq!(status(db, campaign.id).await, CampaignStatus::Sending);
        assert!(outbox::claim(db, &claim, late).await.unwrap().is_some(), "what is sent again is handed out");
    }
);

both!(
    async fn test_mails_that_are_asked_for_at_once_all_go(db: TestDb) {
        let db = db.database();
        let campaign = Setting::lay(db).await.campaign(db).await;
        let asked = (0..8).map(|n| {
            let (db, to) = (db.clone(), format!("staff{n}@example.com").parse().unwrap());
            testkit::tokio::spawn(async move { campaigns::test_mail(&db, campaign.id, to, &staff(), now()).await })
        });
        for asked in asked.collect::<Vec<_>>() {
            asked.await.unwrap().unwrap();
        }
    }
);

both!(
    async fn while_a_relay_is_warmed_up_those_come_first_who_have_answered_last_and_everybody_once(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let people: Vec<_> = setting.people(db, 1_203).await;
        let mut by_id = people.clone();
        by_id.sort();
        // Days ago; whom nothing is known of is written to in the end.
        let answered = [(1_199, 100), (7, 60), (1_000, 20), (3, 29), (600, 1), (601, 6), (2, 0)];
        for (at, days) in answered {
            let fact = activity::Fact::new(activity::Kind::Clicked, setting.brand, now() - TimeDelta::days(days));
            activity::record(db.writer(), &fact.about(by_id[at])).await.unwrap();
        }
        let relay = |name: &str, brands: &[&str]| NewRelay {
            name: name.to_owned(),
            brands: brands.iter().map(|brand| (*brand).to_owned()).collect(),
            warm_up: WarmUp {
                start: std::num::NonZeroU32::new(50).unwrap(),
                providers: std::collections::BTreeMap::new(),
                growth: limits::warm_up::Growth::default(),
                ceiling: std::num::NonZeroU32::new(1_000).unwrap(),
            },
        };
        let launched = async |relays: &[NewRelay]| {
            let id = setting.scheduled(db).await.id;
            let mut enqueued = 0;
            loop {
                let done = campaigns::launch_due_by(db, &scheduler(db, now()).await, relays, now()).await.unwrap();
                enqueued += done.enqueued;
                if !done.more {
                    break;
                }
            }
            assert_eq!((enqueued, status(db, id).await), (1_203, CampaignStatus::Sending));
            let mailing = campaigns::find(db.reader(), id).await.unwrap().unwrap().mailing.unwrap();
            let mut order = Vec::new();
            let mut after = None;
            loop {
                let page = outbox::list(db.reader(), mailing, None, after, 500).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.key.ordinal);
                order.extend(page.iter().filter_map(|delivery| delivery.subscriber));
            }
            order
        };
        assert_eq!(launched(&[]).await, by_id);
        assert_eq!(launched(&[relay("new", &["other"])]).await, by_id, "it gets none of this mail");
        let order = launched(&[relay("old", &["other"]), relay("new", &["acme"])]).await;
        let first = [2, 600, 601, 3, 1_000, 7].map(|at: usize| by_id[at]);
        assert_eq!(order[..6], first);
        let rest: Vec<_> = by_id.iter().copied().filter(|who| !first.contains(who)).collect();
        assert_eq!(order[6..], rest);

        // It is warmed up at the only provider that it has had mail for.
        let begun = "INSERT INTO warm_ups (relay, provider, begun_at, days) VALUES ('new', 'other', $1, 99)";
        database::sql::execute(db.writer(), begun, [now().into()]).await.unwrap();
        assert_eq!(launched(&[relay("new", &[])]).await, by_id);
    }
);
