use std::collections::BTreeSet;
use std::time::Duration;

use campaigns::{CampaignStatus, Error};
use chrono::TimeDelta;
use domain::{CampaignId, InstanceId};
use outbox::Claim;
use outbox::mailing::MailingState;
use testkit::{TestDb, both};

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
        let done = campaigns::launch_due(db, now()).await.unwrap();
        assert_eq!((done.begun, done.enqueued, done.finished, done.more), (1, 30, 1, false));

        let launched = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap();
        assert_eq!(launched.status, CampaignStatus::Sending);
        let mailing = launched.mailing.unwrap();
        let deliveries = outbox::list(db.reader(), mailing, None, None, 100).await.unwrap();
        assert_eq!(deliveries.len(), 30);
        assert_eq!(deliveries.iter().filter_map(|delivery| delivery.subscriber).collect::<BTreeSet<_>>(), people);
        let mailing = outbox::mailing::find(db.reader(), mailing).await.unwrap().unwrap();
        assert_eq!(mailing.state, MailingState::Open);

        let again = campaigns::launch_due(db, now()).await.unwrap();
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
        assert_eq!(campaigns::launch_due(db, later - TimeDelta::seconds(1)).await.unwrap().begun, 0);
        assert_eq!(campaigns::launch_due(db, later).await.unwrap().begun, 1);
    }
);

both!(
    async fn of_many_instances_that_launch_each_person_is_written_down_by_one(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        setting.people(db, 1_200).await;
        let campaign = setting.scheduled(db).await;
        let instances = (0..4).map(|_| {
            let db = db.clone();
            testkit::tokio::spawn(async move { campaigns::launch_due(&db, now()).await.unwrap() })
        });
        for instance in instances.collect::<Vec<_>>() {
            instance.await.unwrap();
        }
        while campaigns::launch_due(db, now()).await.unwrap().more {}
        assert_eq!(status(db, campaign.id).await, CampaignStatus::Sending);
        assert_eq!(campaigns::report(db.reader(), campaign.id).await.unwrap().audience, 1_200);
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
        campaigns::launch_due(db, now()).await.unwrap();
        let mailing = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap().mailing.unwrap();
        let state = || async { outbox::mailing::find(db.reader(), mailing).await.unwrap().unwrap().state };

        campaigns::pause(db, campaign.id, None, &staff(), now()).await.unwrap();
        assert_eq!((status(db, campaign.id).await, state().await), (CampaignStatus::Paused, MailingState::Held));
        assert_eq!(campaigns::finish_drained(db, now()).await.unwrap(), 0);
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
        campaigns::launch_due(db, now()).await.unwrap();
        campaigns::cancel(db, campaign.id, None, &staff(), now()).await.unwrap();
        while campaigns::settle_cancelled(db, now()).await.unwrap() {}
        campaigns::settle_cancelled(db, now()).await.unwrap();
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
        campaigns::launch_due(db, now()).await.unwrap();
        assert_eq!(campaigns::finish_drained(db, now()).await.unwrap(), 1);
        assert_eq!(status(db, campaign.id).await, CampaignStatus::Sent);
    }
);

both!(
    async fn a_campaign_is_not_over_while_one_in_doubt_is_being_sent_again(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        setting.people(db, 1).await;
        let campaign = setting.scheduled(db).await;
        campaigns::launch_due(db, now()).await.unwrap();
        let (holder, ttl) = (InstanceId::new(now()), Duration::from_secs(60));
        let claim = Claim { holder, blocked: &[], limit: 1, ttl };
        let batch = outbox::claim(db, &claim, now()).await.unwrap().unwrap();
        let key = batch.deliveries[0].key;
        outbox::submit(db.writer(), &batch.lease, &[key], now()).await.unwrap();
        let late = now() + TimeDelta::minutes(2);
        assert_eq!(outbox::reap(db, holder, late).await.unwrap(), 1);

        let txn = db.begin().await.unwrap();
        outbox::resend(&txn, key, &staff(), late).await.unwrap();
        let finishing = db.clone();
        let finishing =
            testkit::tokio::spawn(async move { campaigns::finish_drained(&finishing, late).await.unwrap() });
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
