//! Every kind of mail, as it arrives.

use std::time::Duration;

use domain::{Actor, InstanceId, Locale, MailKind, SubscriberId};
use links::path;
use sender::Tally;
use subscribers::{Evidence, Profile, access, opt_in};
use testkit::smtp::Accepted;
use testkit::{TestDb, both};

use crate::house::House;

/// The value of a header, unfolded.
fn header(mail: &Accepted, name: &str) -> Option<String> {
    let text = mail.text();
    let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
    let found = head.lines().filter_map(|line| line.split_once(": ")).filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let found: Vec<_> = found.map(|(_, value)| value.to_owned()).collect();
    assert!(found.len() < 2 || name == "DKIM-Signature", "{name} stands there {} times", found.len());
    found.into_iter().next()
}

/// The text of the whole mail with soft line breaks taken out.
fn words(mail: &Accepted) -> String {
    mail.text().replace("=\r\n", "").replace("=3D", "=")
}

/// The token of the first link at this path.
fn token(mail: &Accepted, path: &str) -> String {
    let start = format!("https://news.example.com{}", path.split('{').next().unwrap());
    let words = words(mail);
    let found = words.split(&start).nth(1).unwrap();
    found.chars().take_while(char::is_ascii_alphanumeric).collect()
}

both!(
    async fn a_campaigns_mail_carries_all_that_receivers_ask_for(db: TestDb) {
        let house = House::new(&db).await;
        for algorithm in brands::key::Algorithm::ALL {
            let now = house.clock_now();
            brands::key::create(house.db, &testkit::keys(), "example.com", algorithm, &Actor::System, now)
                .await
                .unwrap();
        }
        let people = house.enrol(&["ada@example.org"]).await;
        let (_, mailing) = house.launch().await;
        house.sender(1).tick().await.unwrap();
        let mail = &house.sink.messages()[0];
        let key = house.deliveries(mailing).await[0].key;

        assert_eq!(house.links.read_return_path(&mail.from.parse().unwrap()), Ok(key));
        let envid = mail.parameters.iter().find_map(|one| one.strip_prefix("ENVID=")).unwrap();
        assert_eq!(house.links.read_envid(envid), Ok(key));
        let message_id = header(mail, "Message-ID").unwrap();
        assert_eq!(house.links.read_message_id(message_id.trim_matches(['<', '>'])), Ok(key));
        assert_eq!(header(mail, "From").as_deref(), Some("Acme offers <offers@example.com>"));
        assert!(header(mail, "To").unwrap().ends_with("<ada@example.org>"));
        assert_eq!(header(mail, "List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
        assert_eq!(header(mail, "List-Id").as_deref(), Some("Offers <topic-1.example.com>"));
        assert_eq!(header(mail, "Feedback-ID"), Some(format!("{mailing}:acme:campaign:eshot")));
        assert_eq!(header(mail, "Precedence").as_deref(), Some("bulk"));
        assert_eq!(header(mail, "CFBL-Address"), Some(format!("{}; report=arf", mail.from)));
        assert_eq!(house.links.read_envid(&header(mail, "CFBL-Feedback-ID").unwrap()), Ok(key));
        let text: String = mail.text().to_lowercase().split_whitespace().collect();
        let signed = text.split(";h=").skip(1).filter_map(|rest| rest.split(';').next());
        let covers = |names: &str| {
            ["cfbl-address", "cfbl-feedback-id"].iter().all(|name| names.split(':').any(|one| one == *name))
        };
        assert_eq!(signed.filter(|names| covers(names)).count(), 2, "RFC 9477 §3.1.4: both are signed");
        let unsubscribe = header(mail, "List-Unsubscribe").unwrap();
        let (url, mailto) = unsubscribe.split_once(", ").unwrap();
        let url = url.trim_matches(['<', '>']).rsplit('/').next().unwrap();
        let person = links::Person { subscriber: people[0], topic: house.topics[0].no };
        assert_eq!(house.links.read_unsubscribe(url), Ok(person));
        let mailto = mailto.trim_matches(['<', '>']).strip_prefix("mailto:").unwrap().split('?').next().unwrap();
        assert_eq!(house.links.read_unsubscribe_mailto(&mailto.parse().unwrap()), Ok(person));
        assert_eq!(house.links.read_preferences(&token(mail, path::PREFERENCES)), Ok(person));
        assert_eq!(mail.text().matches("DKIM-Signature: ").count(), 2);
        assert!(mail.raw.is_ascii() && mail.text().lines().all(|line| line.len() <= 998));
    }
);

both!(
    async fn an_unsigned_mail_asks_for_no_complaints(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol(&["ada@example.org"]).await;
        house.launch().await;
        house.sender(1).tick().await.unwrap();
        let mail = &house.sink.messages()[0];
        assert_eq!((header(mail, "CFBL-Address"), header(mail, "CFBL-Feedback-ID")), (None, None));
    }
);

both!(
    async fn a_test_mail_looks_like_the_campaign_and_its_links_name_nobody(db: TestDb) {
        let house = House::new(&db).await;
        let (campaign, _) = house.launch().await;
        let to = "boss@example.org".parse().unwrap();
        campaigns::test_mail(house.db, campaign.id, to, &Actor::Operator, house.clock_now()).await.unwrap();
        assert_eq!(house.sender(1).tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        let mail = &house.sink.messages()[0];
        assert_eq!(mail.recipient(), "boss@example.org");
        let person = house.links.read_unsubscribe(&token(mail, path::UNSUBSCRIBE)).unwrap();
        assert_eq!(person.subscriber, SubscriberId::NOBODY);
    }
);

both!(
    async fn a_sign_up_is_asked_and_then_welcomed(db: TestDb) {
        let house = House::new(&db).await;
        let form = subscribers::form::list(house.db.reader(), Some(house.brand.id)).await.unwrap().remove(0);
        let request = opt_in::Request {
            form_version: form.current.id,
            email: "ada@example.org".parse().unwrap(),
            profile: Profile { name: Some("Ada".to_owned()), ..Profile::default() },
            topics: vec![house.topics[0].id, house.topics[1].id],
            locale: Locale::De,
            evidence: Evidence::none(),
        };
        opt_in::request(house.db, &testkit::keys(), request, house.clock_now()).await.unwrap();
        let mut sender = house.sender(1);
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        let question = house.sink.messages().remove(0);
        assert_eq!(header(&question, "List-Unsubscribe"), None, "there is nothing yet to unsubscribe from");
        assert_eq!(header(&question, "To").as_deref(), Some("ada@example.org"), "the name is not confirmed");
        let id = house.links.read_confirm(&token(&question, path::CONFIRM)).unwrap();

        opt_in::confirm(house.db, id, &Evidence::none(), house.clock_now()).await.unwrap();
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        let welcome = house.sink.messages().remove(1);
        assert!(header(&welcome, "List-Unsubscribe").is_some());
        let person = house.links.read_preferences(&token(&welcome, path::PREFERENCES)).unwrap();
        assert_eq!(person.topic, house.topics[0].no);
    }
);

both!(
    async fn who_asks_for_their_data_gets_a_link(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol(&["ada@example.org"]).await;
        let email = "ada@example.org".parse().unwrap();
        access::request(house.db, &email, house.brand.id, house.clock_now()).await.unwrap();
        assert_eq!(house.sender(1).tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        let mail = house.sink.messages().remove(0);
        assert!(house.links.read_access(&token(&mail, path::ACCESS)).is_ok());
    }
);

both!(
    async fn staff_is_mailed_what_went_wrong(db: TestDb) {
        let house = House::new(&db).await;
        let alerts_address = "staff@example.org".parse().ok();
        let draft = brands::Draft { alerts_address, ..house.brand.clone().into() };
        let (writer, now) = (house.db.writer(), house.clock_now());
        brands::update(writer, house.brand.id, house.brand.version, draft, &Actor::Operator, now).await.unwrap();
        let (campaign, _) = house.launch().await;
        let alarm = alerts::Alarm {
            subject: alerts::Subject::Campaign { brand: house.brand.id, campaign: campaign.id },
            cause: limits::Cause::HardBounces,
            level: limits::Level::Pause,
            share: Some(limits::Share { count: 12, of: 200 }),
            words: String::new(),
        };
        alerts::raise(writer, alarm, now).await.unwrap().unwrap();
        assert_eq!(house.sender(1).tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        let mail = house.sink.messages().remove(0);
        assert_eq!(mail.recipient(), "staff@example.org");
        assert_eq!(header(&mail, "List-Unsubscribe"), None);
        assert_eq!(header(&mail, "Auto-Submitted").as_deref(), Some("auto-generated"));
        assert!(mail.text().contains("12 found no mailbox"), "{}", mail.text());
    }
);

both!(
    async fn whoever_has_asked_for_two_mails_gets_both(db: TestDb) {
        let house = House::new(&db).await;
        let ada = house.enrol(&["ada@example.org"]).await[0];
        let stream = outbox::mailing::stream(house.db.writer(), house.brand.id, MailKind::Access, house.clock_now());
        let stream = stream.await.unwrap();
        for _ in 0..2 {
            let data = serde_json::json!({ "access": domain::AccessId::new(house.clock_now()), "locale": "en" });
            let lane = domain::MailboxProvider::other();
            let intent = outbox::enqueue::Intent { subscriber: Some(ada), recipient: None, lane, data };
            outbox::enqueue::one(house.db.writer(), stream, intent).await.unwrap();
        }
        assert_eq!(house.sender(1).tick().await.unwrap().tally, Tally { sent: 2, ..Tally::default() });
    }
);

both!(
    async fn a_mail_that_cannot_be_composed_is_skipped_with_the_reason_and_the_others_go(db: TestDb) {
        let house = House::new(&db).await;
        let people = house.enrol(&["ada@example.org", "bob@example.org"]).await;
        let stream = outbox::mailing::stream(house.db.writer(), house.brand.id, MailKind::Access, house.clock_now());
        let stream = stream.await.unwrap();
        let id = domain::AccessId::new(house.clock_now());
        for (person, data) in
            [(people[0], serde_json::json!({})), (people[1], serde_json::json!({ "access": id, "locale": "en" }))]
        {
            let lane = domain::MailboxProvider::other();
            let intent = outbox::enqueue::Intent { subscriber: Some(person), recipient: None, lane, data };
            outbox::enqueue::one(house.db.writer(), stream, intent).await.unwrap();
        }
        let tick = house.sender(1).tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 1, skipped: 1, ..Tally::default() });
        let why = house.deliveries(stream).await.remove(0).skipped_why.unwrap();
        assert!(why.starts_with("cannot be composed: the intent does not say"), "{why}");
    }
);

both!(
    async fn whose_values_make_a_mail_too_large_is_told_by_the_field_and_the_campaign_goes_on(db: TestDb) {
        let house = House::new(&db).await;
        let people = house.enrol(&["ada@example.org", "bob@example.org"]).await;
        let (campaign, mailing) = house.launch().await;
        let name = "UPDATE subscribers SET name = $2 WHERE id = $1";
        let values = [people[0].into(), "x".repeat(1_100_000).into()];
        database::sql::execute(house.db.writer(), name, values).await.unwrap();
        let tick = house.sender(1).tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 1, skipped: 1, ..Tally::default() });
        let why = house.by_person(mailing).await["ada"].0.skipped_why.clone().unwrap();
        assert!(why.starts_with("cannot be composed: the message cannot be put together: the mail has "), "{why}");
        assert!(why.ends_with("; most of it is first_name"), "{why}");
        let campaign = campaigns::find(house.db.reader(), campaign.id).await.unwrap().unwrap();
        assert_eq!(campaign.status, campaigns::CampaignStatus::Sending);
    }
);

both!(
    async fn a_campaign_whose_messages_cannot_be_made_is_paused(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol(&["ada@example.org"]).await;
        let (campaign, mailing) = house.launch().await;
        spoil(&house).await;
        assert_eq!(house.sender(1).tick().await.unwrap().tally, Tally::default());
        let campaign = campaigns::find(house.db.reader(), campaign.id).await.unwrap().unwrap();
        assert_eq!(campaign.status, campaigns::CampaignStatus::Paused);
        assert_eq!(house.counts(mailing).await.queued, 1);
    }
);

both!(
    async fn one_that_is_sent_again_and_cannot_be_made_does_not_keep_the_sender_from_its_other_work(db: TestDb) {
        let house = House::new(&db).await;
        let people = house.enrol(&["ada@example.org"]).await;
        let (_, mailing) = house.launch().await;
        let (holder, ttl) = (InstanceId::new(house.clock_now()), Duration::from_secs(60));
        let claim = outbox::Claim { holder, blocked: &[], resting: &[], urgent_only: false, limit: 1, ttl };
        let batch = outbox::claim(house.db, &claim, house.clock_now()).await.unwrap().unwrap();
        let key = batch.deliveries[0].key;
        outbox::submit(house.db.writer(), &batch.lease, &[key], house.clock_now()).await.unwrap();
        house.advance_minutes(2);
        outbox::reap(house.db, holder, house.clock_now()).await.unwrap();
        assert_eq!(campaigns::finish_drained(house.db, &house.scheduler().await, house.clock_now()).await.unwrap(), 1);
        outbox::resend(house.db.writer(), key, &Actor::Operator, house.clock_now()).await.unwrap();
        spoil(&house).await;

        let email = "ada@example.org".parse().unwrap();
        access::request(house.db, &email, house.brand.id, house.clock_now()).await.unwrap();
        let mut sender = house.sender(2);
        let tick = tokio::time::timeout(Duration::from_secs(20), sender.tick()).await;
        let tally = tick.unwrap().unwrap().tally;
        assert_eq!(tally, Tally { sent: 1, ..Tally::default() }, "the link of {} goes", people[0]);
        assert_eq!(house.counts(mailing).await.deferred, 1, "it waits for somebody to look");
    }
);

/// What the messages of every campaign share is no more.
async fn spoil(house: &House<'_>) {
    use sea_orm::ConnectionTrait as _;
    house.db.writer().execute_unprepared("UPDATE campaigns SET compiled = '{}'").await.unwrap();
}
