//! What mail services tell over HTTP, and what follows.

mod samples;

use domain::DeliveryKey;
use feedback::webhook::{Provider, TakeError, Taken};
use feedback::{Filter, Kept, Release, Replayed, Standing, Unchanging, list, raw, release, replay};
use serde_json::{Value, json};
use subscribers::suppression::Reason;
use testkit::{TestDb, both, start_of_time};

use self::samples::{Sample, samples};
use crate::people::Ada;
use crate::services::{POSTING, Services, mailgun};

use Provider::{Brevo, Mailgun, Mailjet, Postmark, SendGrid, SparkPost};
use Standing::{NotUnderstood, Noted};

const ONE: Taken = Taken { kept: 1, seen: 0, passed: 0 };

/// Everything that is kept, newest first.
async fn kept(ada: &Ada<'_>) -> Vec<Kept> {
    list(ada.world.db.reader(), Filter::default(), None, 100).await.unwrap()
}

/// A message that is out, and one event about it.
async fn sample(ada: &Ada<'_>, at: usize) -> (DeliveryKey, Sample) {
    let key = ada.sent().await;
    let token = ada.world.links.envid(key).unwrap();
    let message_id = ada.world.links.message_id(&ada.world.site, key).unwrap();
    (key, samples(&token, &message_id).swap_remove(at))
}

/// What is kept about a message.
async fn kept_of(ada: &Ada<'_>, key: DeliveryKey) -> Kept {
    kept(ada).await.into_iter().find(|kept| kept.delivery == Some(key)).unwrap()
}

fn place(provider: Provider, has: &str) -> usize {
    samples("t", "m").iter().position(|(of, event, ..)| *of == provider && event.to_string().contains(has)).unwrap()
}

both!(
    async fn each_services_events_mean_what_its_documents_say(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        let mut wrong = Vec::new();
        for at in 0..samples("t", "m").len() {
            let (key, (provider, event, standing, class, rule)) = sample(&ada, at).await;
            let taken = services.post(&ada.world, provider, std::slice::from_ref(&event)).await.unwrap();
            assert_eq!(taken, ONE, "{provider} {event}");
            let kept = kept_of(&ada, key).await;
            assert_eq!((kept.source.as_str(), kept.envelope_to.as_str()), (provider.as_str(), "ada@example.org"));
            let is_right = (kept.standing, kept.class.as_deref()) == (standing, class)
                && (rule.is_empty() || kept.rule.as_deref() == Some(rule));
            if !is_right {
                wrong.push(format!("{provider} {event}: {:?} {:?} {:?}", kept.standing, kept.class, kept.rule));
            }
        }
        assert_eq!(wrong, [""; 0], "{wrong:#?}");
    }
);

both!(
    async fn an_event_that_comes_again_changes_nothing(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        for provider in POSTING {
            let (_, (_, event, ..)) = sample(&ada, place(provider, "")).await;
            let body = services.wrapped(provider, std::slice::from_ref(&event));
            assert_eq!(services.post_body(&ada.world, provider, &body).await.unwrap(), ONE, "{provider}");
            let before = (kept(&ada).await.len(), ada.world.facts().await);
            for _ in 0..2 {
                let taken = services.post_body(&ada.world, provider, &body).await.unwrap();
                assert_eq!(taken, Taken { kept: 0, seen: 1, passed: 0 }, "{provider}");
            }
            assert_eq!((kept(&ada).await.len(), ada.world.facts().await), before, "{provider}");
        }
    }
);

both!(
    async fn what_is_not_proved_changes_nothing(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        for provider in POSTING {
            let (_, (_, event, ..)) = sample(&ada, place(provider, "")).await;
            let body = services.wrapped(provider, std::slice::from_ref(&event));
            let headers = services.headers(provider, &body);
            let mut tries = vec![(Vec::new(), body.clone())];
            for at in 0..headers.len() {
                let mut other = headers.clone();
                let half = other[at].1.len() / 2;
                other[at].1.insert(half, 'A');
                tries.push((other, body.clone()));
            }
            match provider {
                // What they log in with is not bound to a body.
                Postmark | SparkPost | Mailjet | Brevo => {}
                Mailgun => tries = vec![(Vec::new(), body.replace("\"token\":\"", "\"token\":\"1"))],
                _ => tries.push((headers.clone(), body.replace("ada@", "bob@"))),
            }
            for (headers, body) in tries {
                let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let refused = services.post_as(&ada.world, provider, &headers, &body).await;
                assert!(matches!(refused, Err(TakeError::Unproven(_))), "{provider} {headers:?}");
            }
        }
        assert_eq!(kept(&ada).await, []);
        assert_eq!(ada.suppressed().await, []);
    }
);

both!(
    async fn a_token_of_mailgun_is_good_once_whatever_it_comes_with(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        let (_, (_, event, ..)) = sample(&ada, place(Mailgun, "\"bounce\"")).await;
        let opened = json!({ "signature": mailgun("once"), "event-data": { "event": "opened", "id": "mg-9" } });
        let taken = services.post_body(&ada.world, Mailgun, &opened.to_string()).await.unwrap();
        assert_eq!(taken, Taken { kept: 0, seen: 0, passed: 1 });
        let forged = json!({ "signature": mailgun("once"), "event-data": event });
        let taken = services.post_body(&ada.world, Mailgun, &forged.to_string()).await.unwrap();
        assert_eq!(taken, Taken { kept: 0, seen: 1, passed: 0 });
        assert_eq!(ada.suppressed().await, []);
        let later = start_of_time() + chrono::TimeDelta::days(3);
        assert_eq!(feedback::webhook::forget_tokens(ada.world.db.writer(), 10, start_of_time()).await.unwrap(), 0);
        assert_eq!(feedback::webhook::forget_tokens(ada.world.db.writer(), 10, later).await.unwrap(), 1);
    }
);

both!(
    async fn whoever_is_gone_or_has_complained_is_suppressed_and_can_be_released(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        let (_, (_, event, ..)) = sample(&ada, place(SendGrid, "sg-1")).await;
        services.post(&ada.world, SendGrid, std::slice::from_ref(&event)).await.unwrap();
        assert_eq!(ada.suppressed().await, [(Reason::Hard, false)]);
        let bounce = kept(&ada).await.swap_remove(0);
        let by = Release { why: "they wrote to us", actor: &domain::Actor::Operator, may_lift: true };
        release(ada.world.db, bounce.id, by, start_of_time()).await.unwrap();
        services.post(&ada.world, SendGrid, &[event]).await.unwrap();
        assert_eq!(ada.suppressed().await, [], "the same event does not do it again");
        assert_eq!(
            replay(ada.world.db, &ada.world.links, bounce.id, start_of_time()).await.unwrap(),
            Replayed::Unchanged(Unchanging::Released)
        );

        let (_, (_, event, ..)) = sample(&ada, place(Postmark, "SpamComplaint")).await;
        services.post(&ada.world, Postmark, &[event]).await.unwrap();
        assert_eq!(ada.suppressed().await, [(Reason::Complaint, true)]);
    }
);

both!(
    async fn a_services_own_list_says_nothing_new_of_the_person(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        for (provider, has) in
            [(SendGrid, "sg-5"), (Mailgun, "mg-3"), (SparkPost, "sp-3"), (Mailjet, "preblocked"), (Brevo, "blacklist")]
        {
            let (key, (_, event, ..)) = sample(&ada, place(provider, has)).await;
            services.post(&ada.world, provider, &[event]).await.unwrap();
            let noted = kept_of(&ada, key).await;
            assert_eq!((noted.standing, noted.effect), (Noted, None), "{provider}");
            let delivery = outbox::find(ada.world.db.reader(), key).await.unwrap().unwrap();
            assert!(delivery.bounced_at.is_some(), "{provider}: it did not reach them");
        }
        assert_eq!(ada.suppressed().await, []);
        assert_eq!(ada.world.facts().await, [], "nobody is to blame");
    }
);

both!(
    async fn what_names_no_message_of_ours_is_kept_with_the_reason(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        let bounce = json!({ "email": "ada@example.org", "event": "bounce", "type": "bounce", "status": "5.1.1", "eshot": "forged" });
        let complaint = json!({ "email": "ada@example.org", "event": "spamreport" });
        let leaving = json!({ "email": "ada@example.org", "event": "unsubscribe" });
        let click = json!({ "email": "ada@example.org", "event": "click" });
        let news = json!({ "email": "ada@example.org", "event": "something new" });
        let taken =
            services.post(&ada.world, SendGrid, &[bounce, complaint, leaving, click, news, json!(7)]).await.unwrap();
        assert_eq!(taken, Taken { kept: 3, seen: 0, passed: 3 });
        let kept = kept(&ada).await;
        let mut listed: Vec<_> = kept.iter().map(|kept| (kept.standing, kept.rule.as_deref().unwrap())).collect();
        listed.sort_by_key(|(_, rule)| *rule);
        let expected = [
            (Standing::ToLookAt, "a complaint without a token of ours or a signature of its provider"),
            (Standing::Refused, "a report without a token of ours"),
            (NotUnderstood, "unsubscribe without a token of ours"),
        ];
        assert_eq!(listed, expected);
        assert_eq!(ada.suppressed().await, []);
        for kept in kept {
            let again = replay(ada.world.db, &ada.world.links, kept.id, start_of_time()).await.unwrap();
            assert_eq!(again, Replayed::Unchanged(Unchanging::Same), "{:?}", kept.rule);
        }
    }
);

both!(
    async fn what_names_no_message_of_ours_comes_again_and_is_not_kept_twice(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        for id in [json!("sg-1"), Value::Null] {
            let event = json!({ "email": "ada@example.org", "event": "spamreport", "sg_event_id": id });
            let post = async || services.post(&ada.world, SendGrid, std::slice::from_ref(&event)).await.unwrap();
            assert_eq!((post().await, post().await), (ONE, Taken { kept: 0, seen: 1, passed: 0 }), "{id}");
        }
        assert_eq!(kept(&ada).await.len(), 2);
    }
);

both!(
    async fn an_event_is_emptied_when_its_person_is_erased(db: TestDb) {
        let ada = Ada::new(&db).await;
        let services = Services::new();
        let known = json!({ "email": "Ada@example.org", "event": "bounce", "type": "bounce", "status": "5.1.1" });
        services.post(&ada.world, SendGrid, &[known]).await.unwrap();
        let kept = kept(&ada).await.swap_remove(0);
        assert_eq!(feedback::forget(ada.world.db, Some(ada.id), &"ada@example.org".parse().unwrap()).await.unwrap(), 1);
        assert_eq!(raw(ada.world.db.reader(), kept.id).await.unwrap(), Some(Vec::new()));
        let again = replay(ada.world.db, &ada.world.links, kept.id, start_of_time()).await.unwrap();
        assert_eq!(again, Replayed::Unchanged(Unchanging::Emptied));
    }
);
