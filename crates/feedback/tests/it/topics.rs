//! What SES tells through SNS.

use chrono::{DateTime, TimeDelta, Utc};
use feedback::webhook::{Posted, Receiver, TakeError, Taken};
use feedback::{Filter, Kept, Standing, list};
use serde_json::{Map, Value, json};
use subscribers::suppression::Reason;
use testkit::{TestDb, both, start_of_time};

use crate::cloud::{Cloud, TOPIC};
use crate::people::Ada;
use crate::world::World;

const ONE: Taken = Taken { kept: 1, seen: 0, passed: 0 };

async fn post(world: &World<'_>, receiver: &Receiver, body: &str) -> Result<Taken, TakeError> {
    post_at(world, receiver, body, start_of_time()).await
}

async fn post_at(world: &World<'_>, receiver: &Receiver, body: &str, now: DateTime<Utc>) -> Result<Taken, TakeError> {
    let posted = Posted { headers: &[("x-amz-sns-message-type", "Notification")], body: body.as_bytes() };
    receiver.take(world.db, &world.links, "ses", &posted, now).await
}

async fn kept(world: &World<'_>) -> Vec<Kept> {
    list(world.db.reader(), Filter::default(), None, 100).await.unwrap()
}

/// A notification with this event.
fn notification(event: &Value) -> Map<String, Value> {
    object(json!({
        "Type": "Notification",
        "MessageId": "da41e39f-ea4d-435a-b922-c6aae3915ebe",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": event.to_string(),
        "Timestamp": "2026-03-02T08:59:30.000Z",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-v2.pem",
    }))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A bounce, as the documents show one.
fn bounce(kind: &str, special: &str, recipient: Value, mail: Value) -> Value {
    let id = format!("{kind}-{special}");
    json!({
        "notificationType": "Bounce",
        "bounce": { "bounceType": kind, "bounceSubType": special, "bouncedRecipients": [recipient],
            "timestamp": "2026-03-02T08:59:00.000Z", "feedbackId": id, "reportingMTA": "dns; a8-70.smtp-out.amazonses.com" },
        "mail": mail,
    })
}

fn mail(token: &str) -> Value {
    json!({ "timestamp": "2026-03-02T08:58:00.000Z", "messageId": "0102018f-000000", "source": "news@example.com",
        "destination": ["ada@example.org"], "tags": { "eshot": [token], "ses:configuration-set": ["x"] } })
}

both!(
    async fn what_ses_tells_does_what_a_returned_mail_does(db: TestDb) {
        let (ada, cloud) = (Ada::new(&db).await, Cloud::start().await);
        let receiver = cloud.receiver();
        let ada_is = |words: Value| {
            let mut named = object(json!({ "emailAddress": "ada@example.org" }));
            named.extend(object(words));
            Value::Object(named)
        };
        let unknown = json!({ "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 <ada@example.org>... User unknown" });
        let listed =
            json!({ "action": "failed", "status": "5.0.0", "diagnosticCode": "smtp; 550 5.7.1 listed at Spamhaus" });
        let cases = [
            ("Permanent", "General", unknown, Standing::Acted, Some("hard")),
            ("Permanent", "General", listed, Standing::Acted, Some("block")),
            (
                "Permanent",
                "Suppressed",
                json!({ "action": "failed", "status": "5.1.1", "diagnosticCode": "Amazon SES has suppressed sending to this address" }),
                Standing::Acted,
                Some("hard"),
            ),
            (
                "Permanent",
                "OnAccountSuppressionList",
                json!({ "action": "failed", "status": "5.1.1" }),
                Standing::Noted,
                None,
            ),
            ("Transient", "MailboxFull", json!({}), Standing::Acted, Some("soft")),
            ("Transient", "General", json!({}), Standing::Noted, None),
            ("Transient", "AttachmentRejected", json!({}), Standing::Acted, Some("content")),
        ];
        for (at, (kind, special, words, standing, class)) in cases.into_iter().enumerate() {
            let key = ada.sent().await;
            let token = ada.world.links.envid(key).unwrap();
            let mut event = bounce(kind, special, ada_is(words), mail(&token));
            event["bounce"]["feedbackId"] = at.into();
            assert_eq!(post(&ada.world, &receiver, &cloud.signed(notification(&event))).await.unwrap(), ONE, "{event}");
            let kept = kept(&ada.world).await.into_iter().find(|kept| kept.delivery == Some(key)).unwrap();
            assert_eq!(
                (kept.source.as_str(), kept.standing, kept.class.as_deref()),
                ("ses", standing, class),
                "{event} {:?}",
                kept.rule
            );
        }
        let key = ada.sent().await;
        let message_id = ada.world.links.message_id(&ada.world.site, key).unwrap();
        let complaint = json!({ "eventType": "Complaint", "complaint": { "feedbackId": "c", "complainedRecipients": [{ "emailAddress": "ada@example.org" }] },
            "mail": { "messageId": "x", "headers": [{ "name": "Message-ID", "value": format!("<{message_id}>") }] } });
        let body = cloud.signed(notification(&complaint));
        assert_eq!(post(&ada.world, &receiver, &body).await.unwrap(), ONE);
        assert!(ada.suppressed().await.contains(&(Reason::Complaint, true)));
        assert_eq!(post(&ada.world, &receiver, &body).await.unwrap(), Taken { kept: 0, seen: 1, passed: 0 });
        assert_eq!(cloud.asked(), ["/SimpleNotificationService-v2.pem"], "once for all");
    }
);

both!(
    async fn the_older_signature_is_verified_as_well(db: TestDb) {
        let world = World::new(db.database()).await;
        let cloud = Cloud::start().await;
        let receiver = cloud.receiver();
        let body = include_str!("../../testdata/webhooks/sns-v1.json");
        let forged = body.replace("ada@example.org", "bob@example.org");
        assert!(matches!(post(&world, &receiver, &forged).await, Err(TakeError::Unproven(_))));
        let later = body.replace("\"SignatureVersion\": \"1\"", "\"SignatureVersion\": \"2\"");
        assert!(matches!(post(&world, &receiver, &later).await, Err(TakeError::Unproven(_))));
        assert_eq!(post(&world, &receiver, body).await.unwrap(), ONE);
        assert_eq!(
            kept(&world).await[0].rule.as_deref(),
            Some("a complaint without a token of ours or a signature of its provider")
        );
    }
);

both!(
    async fn a_subscription_is_confirmed_for_our_topic_and_at_its_own_host(db: TestDb) {
        let world = World::new(db.database()).await;
        let cloud = Cloud::start().await;
        let receiver = cloud.receiver();
        let confirm = format!("/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37");
        let asked = |topic: &str, url: &str| {
            object(json!({
                "Type": "SubscriptionConfirmation",
                "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
                "Token": "2336412f37",
                "TopicArn": topic,
                "Message": "You have chosen to subscribe to the topic.",
                "SubscribeURL": url,
                "Timestamp": "2026-03-02T08:59:30.000Z",
                "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-v2.pem",
            }))
        };
        let ours = format!("https://sns.eu-west-1.amazonaws.com{confirm}");
        let other = TOPIC.replace("bounces", "others");
        for (topic, url) in [
            (other.as_str(), ours.as_str()),
            (TOPIC, &ours.replace("bounces", "others")),
            (TOPIC, &ours.replace("sns.eu-west-1.amazonaws.com", "sns.example.com")),
            (TOPIC, &ours.replace("https", "http")),
        ] {
            let refused = post(&world, &receiver, &cloud.signed(asked(topic, url))).await;
            assert!(matches!(refused, Err(TakeError::Unproven(_))), "{topic} {url}");
        }
        assert!(!cloud.asked().contains(&confirm));
        assert_eq!(post(&world, &receiver, &cloud.signed(asked(TOPIC, &ours))).await.unwrap(), Taken::default());
        assert_eq!(cloud.asked(), ["/SimpleNotificationService-v2.pem", confirm.as_str()]);
        assert_eq!(kept(&world).await, []);
    }
);

both!(
    async fn what_sns_did_not_sign_changes_nothing_and_has_nothing_fetched_elsewhere(db: TestDb) {
        let world = World::new(db.database()).await;
        let (cloud, other) = (Cloud::start().await, Cloud::start().await);
        let receiver = cloud.receiver();
        let event = json!({ "notificationType": "Complaint", "complaint": { "feedbackId": "x" } });
        let with = |name: &str, value: &str| {
            let mut envelope = notification(&event);
            envelope.insert(name.to_owned(), value.into());
            envelope
        };
        let right = cloud.signed(notification(&event));
        let cases = [
            other.signed(notification(&event)),
            right.replace("da41e39f", "da41e39e"),
            right.replace("\"Subject\":\"Amazon SES", "\"Subject\":\"Amazon"),
            right.replace("Notification\"", "Something\""),
            cloud.signed(with("TopicArn", &TOPIC.replace("bounces", "others"))),
            cloud.signed(with("Timestamp", "2026-03-02T07:59:59.000Z")),
            cloud.signed(with("Timestamp", "2026-03-02T09:06:00.000Z")),
            cloud.signed(with("Timestamp", "yesterday")),
            cloud.signed(with(
                "SigningCertURL",
                "https://sns.eu-west-1.amazonaws.com.example.com/SimpleNotificationService-v2.pem",
            )),
            cloud.signed(with("SigningCertURL", "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-v2.pem")),
            event.to_string(),
            "{}".to_owned(),
            "[".repeat(100_000),
            String::new(),
        ];
        for body in cases {
            let refused = post(&world, &receiver, &body).await;
            assert!(matches!(refused, Err(TakeError::Unproven(_))), "{body:.400}");
        }
        assert_eq!((cloud.asked().len(), other.asked().len()), (1, 0));
        assert_eq!(kept(&world).await, []);
    }
);

both!(
    async fn what_cannot_be_fetched_comes_again_and_no_flood_of_addresses_is_fetched(db: TestDb) {
        let world = World::new(db.database()).await;
        let cloud = Cloud::start().await;
        let event = json!({ "notificationType": "Complaint", "complaint": { "feedbackId": "x" } });
        let at = |name: &str| {
            let mut envelope = notification(&event);
            let url = format!("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{name}.pem");
            envelope.insert("SigningCertURL".to_owned(), url.into());
            cloud.signed(envelope)
        };
        let receiver = cloud.receiver();
        for name in ["giant", "none", "missing"] {
            let failed = post(&world, &receiver, &at(name)).await;
            assert!(matches!(failed, Err(TakeError::Fetch(_))), "{name}");
        }
        for n in 0..30 {
            assert!(matches!(post(&world, &receiver, &at(&n.to_string())).await, Err(TakeError::Fetch(_))));
        }
        assert_eq!(cloud.asked().len(), 10, "ten a minute");
        let later = start_of_time() + TimeDelta::minutes(2);
        assert_eq!(post_at(&world, &receiver, &at("v2"), later).await.unwrap(), ONE);

        let impostor = Cloud::named("sns.example.com").await;
        let failed = post(&world, &impostor.receiver(), &impostor.signed(notification(&event))).await;
        assert!(matches!(failed, Err(TakeError::Fetch(_))), "the name on the certificate is another");
        assert_eq!(impostor.asked(), [""; 0]);
    }
);
