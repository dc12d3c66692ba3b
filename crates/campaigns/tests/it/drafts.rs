use campaigns::{CampaignEvent, CampaignStatus, Draft, Error, Filter};
use chrono::TimeDelta;
use testkit::{TestDb, both};

use crate::setting::{Setting, now, staff};

both!(
    async fn an_unknown_field_is_told_when_the_campaign_is_saved(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let mut draft = setting.draft();
        draft.source.mjml = draft.source.mjml.replace("fallback first_name \"there\"", "fist_name");
        let error = campaigns::create(db, draft.clone(), &staff(), now()).await.unwrap_err();
        assert!(matches!(&error, Error::Template(_)) && error.to_string().contains("body"), "{error}");
        assert!(campaigns::list(db.reader(), &Filter::default(), None, 10).await.unwrap().is_empty());

        let saved = setting.campaign(db).await;
        let error = campaigns::update(db, saved.id, draft, saved.version, &staff(), now()).await.unwrap_err();
        assert!(matches!(error, Error::Template(_)));
        assert_eq!(campaigns::find(db.reader(), saved.id).await.unwrap(), Some(saved));
    }
);

both!(
    async fn a_topic_is_the_brands_own_and_takes_campaigns_still(db: TestDb) {
        let db = db.database();
        let (ours, theirs) = (Setting::lay(db).await, Setting::named(db, "other").await);
        let foreign = Draft { topic: theirs.topic, ..ours.draft() };
        let error = campaigns::create(db, foreign, &staff(), now()).await.unwrap_err();
        assert!(matches!(error, Error::UnknownTopic { topic, brand } if topic == theirs.topic && brand == ours.brand));

        subscribers::topic::archive(db.writer(), ours.topic, 1, &staff(), now()).await.unwrap();
        let error = campaigns::create(db, ours.draft(), &staff(), now()).await.unwrap_err();
        assert!(matches!(error, Error::UnknownTopic { .. }));
    }
);

both!(
    async fn a_campaign_needs_a_name(db: TestDb) {
        let db = db.database();
        let nameless = Draft { name: "  ".to_owned(), ..Setting::lay(db).await.draft() };
        assert!(matches!(campaigns::create(db, nameless, &staff(), now()).await, Err(Error::Name)));
    }
);

both!(
    async fn of_two_who_edit_the_second_is_told(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let read = setting.campaign(db).await;
        let changed = Draft { name: "Summer".to_owned(), ..setting.draft() };
        let first = campaigns::update(db, read.id, changed.clone(), read.version, &staff(), now()).await.unwrap();
        assert_eq!((first.version, first.draft.name.as_str()), (read.version + 1, "Summer"));
        let second = campaigns::update(db, read.id, changed, read.version, &staff(), now()).await.unwrap_err();
        assert!(matches!(second, Error::Conflict { expected: 1, found: 2 }), "{second}");
    }
);

both!(
    async fn what_is_scheduled_is_not_changed_until_its_time_is_taken_away(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let scheduled = setting.scheduled(db).await;
        assert_eq!((scheduled.status, scheduled.send_at), (CampaignStatus::Scheduled, Some(now())));
        let error = campaigns::update(db, scheduled.id, setting.draft(), scheduled.version, &staff(), now()).await;
        let refused = error.unwrap_err().to_string();
        assert_eq!(refused, "a campaign that is scheduled cannot be changed");

        let draft = campaigns::unschedule(db, scheduled.id, Some(scheduled.version), &staff(), now()).await.unwrap();
        assert_eq!((draft.status, draft.send_at), (CampaignStatus::Draft, None));
        campaigns::update(db, draft.id, setting.draft(), draft.version, &staff(), now()).await.unwrap();
    }
);

both!(
    async fn a_time_years_away_is_a_slip(db: TestDb) {
        let db = db.database();
        let campaign = Setting::lay(db).await.campaign(db).await;
        let slip = now() + TimeDelta::days(3_650);
        let error = campaigns::schedule(db, campaign.id, slip, None, &staff(), now()).await.unwrap_err();
        assert!(matches!(error, Error::TooFar(at) if at == slip));
    }
);

both!(
    async fn every_event_is_kept_with_its_actor(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let campaign = setting.campaign(db).await;
        campaigns::submit(db, campaign.id, None, &staff(), now()).await.unwrap();
        campaigns::test_mail(db, campaign.id, "boss@acme.example".parse().unwrap(), &staff(), now()).await.unwrap();
        campaigns::schedule(db, campaign.id, now(), None, &staff(), now()).await.unwrap();
        campaigns::cancel(db, campaign.id, None, &staff(), now()).await.unwrap();
        let history = campaigns::history(db.reader(), campaign.id).await.unwrap();
        let events: Vec<_> = history.iter().map(|entry| (entry.event, entry.to)).collect();
        use {CampaignEvent as E, CampaignStatus as S};
        assert_eq!(
            events,
            [
                (E::Create, S::Draft),
                (E::Submit, S::InReview),
                (E::Test, S::InReview),
                (E::Schedule, S::Scheduled),
                (E::Cancel, S::Cancelled),
            ]
        );
        assert!(history.iter().all(|entry| entry.actor == staff()));
    }
);

both!(
    async fn a_list_goes_page_by_page_from_the_newest(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let mut made = Vec::new();
        for later in 0..3 {
            let at = now() + TimeDelta::seconds(later);
            made.push(campaigns::create(db, setting.draft(), &staff(), at).await.unwrap().id);
        }
        let page = |after| async move {
            let page = campaigns::list(db.reader(), &Filter::default(), after, 2).await.unwrap();
            page.into_iter().map(|campaign| campaign.id).collect::<Vec<_>>()
        };
        assert_eq!(page(None).await, [made[2], made[1]]);
        assert_eq!(page(Some(made[1])).await, [made[0]]);
        let none = Filter { status: Some(CampaignStatus::Sent), ..Filter::default() };
        assert!(campaigns::list(db.reader(), &none, None, 2).await.unwrap().is_empty());
    }
);
