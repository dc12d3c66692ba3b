use chrono::{DateTime, Duration, Utc};
use database::Database;
use domain::{Actor, BrandId, EmailAddress, Locale, MailKind, OptInId, SubscriberId, TopicId};
use sea_orm::{ConnectionTrait, Statement};
use subscribers::form::Form;
use subscribers::opt_in::{self, Confirmation, Request};
use subscribers::opt_out::{self, Leave, What};
use subscribers::topic::Topic;
use subscribers::{Evidence, Profile, Scope, Source, seed, success};
use testkit::start_of_time;

/// A brand as a new installation has it.
pub(crate) struct Stage<'a> {
    pub(crate) db: &'a Database,
    pub(crate) brand: BrandId,
    pub(crate) topics: Vec<Topic>,
    pub(crate) form: Form,
}

pub(crate) fn now() -> DateTime<Utc> {
    start_of_time()
}

pub(crate) fn days(days: i64) -> DateTime<Utc> {
    now() + Duration::days(days)
}

pub(crate) fn staff() -> Actor {
    Actor::Operator
}

pub(crate) fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

pub(crate) fn ada() -> EmailAddress {
    address("ada@example.com")
}

pub(crate) fn evidence() -> Evidence {
    Evidence { ip: Some("192.0.2.7".parse().unwrap()), user_agent: Some("Mozilla/5.0".to_owned()) }
}

impl<'a> Stage<'a> {
    pub(crate) async fn set(db: &'a Database) -> Self {
        let txn = db.begin().await.unwrap();
        let brand = brands::create(&txn, brand("acme"), &staff(), now()).await.unwrap().id;
        let seed::Seeded { topics, form } = seed::first_brand(&txn, brand, &staff(), now()).await.unwrap();
        txn.commit().await.unwrap();
        Self { db, brand, topics, form }
    }

    pub(crate) fn topic(&self, at: usize) -> TopicId {
        self.topics[at].id
    }

    pub(crate) fn request(&self, email: &EmailAddress, topics: &[usize]) -> Request {
        Request {
            form_version: self.form.current.id,
            email: email.clone(),
            profile: Profile { name: Some("Ada".to_owned()), ..Profile::default() },
            topics: topics.iter().map(|at| self.topic(*at)).collect(),
            locale: Locale::En,
            evidence: evidence(),
        }
    }

    pub(crate) async fn ask(&self, email: &EmailAddress, topics: &[usize], now: DateTime<Utc>) {
        opt_in::request(self.db, &testkit::keys(), self.request(email, topics), now).await.unwrap();
    }

    /// Signs up and confirms.
    pub(crate) async fn join(&self, email: &EmailAddress, topics: &[usize]) -> SubscriberId {
        self.ask(email, topics, now()).await;
        let id = self.last_opt_in().await;
        let done = opt_in::confirm(self.db, id, &evidence(), now()).await.unwrap();
        assert!(matches!(done, Some(Confirmation::Confirmed(_))), "{done:?}");
        self.id(email).await
    }

    pub(crate) async fn leave(&self, subscriber: SubscriberId, what: What, now: DateTime<Utc>) -> Vec<Topic> {
        let (source, actor) = (Source::OneClick, Actor::Subscriber(subscriber));
        let leave = Leave { subscriber, what, source, actor, evidence: evidence() };
        opt_out::leave(self.db, &leave, now).await.unwrap()
    }

    pub(crate) async fn id(&self, email: &EmailAddress) -> SubscriberId {
        subscribers::find_by_email(self.db.reader(), email).await.unwrap().unwrap().id
    }

    /// The mails of a kind that are in the outbox, by what they carry.
    pub(crate) async fn mails(&self, kind: MailKind) -> Vec<serde_json::Value> {
        let no = outbox::mailing::stream(self.db.writer(), self.brand, kind, now()).await.unwrap();
        let sql = "SELECT data FROM deliveries WHERE mailing_no = $1 ORDER BY ordinal";
        let statement = Statement::from_sql_and_values(self.db.backend(), sql, [no.into()]);
        let rows = self.db.reader().query_all_raw(statement).await.unwrap();
        // Of a person who was erased since, nothing is left in it.
        let data = rows.iter().filter_map(|row| row.try_get_by_index::<Option<String>>(0).unwrap());
        data.map(|text| serde_json::from_str(&text).unwrap()).collect()
    }

    /// The request of the newest confirmation mail.
    pub(crate) async fn last_opt_in(&self) -> OptInId {
        let mails = self.mails(MailKind::Confirmation).await;
        mails.last().unwrap()["opt_in"].as_str().unwrap().parse().unwrap()
    }

    /// The person clicks.
    pub(crate) async fn succeed(&self, who: SubscriberId, now: DateTime<Utc>) {
        let fact = activity::Fact::new(activity::Kind::Clicked, self.brand, now).about(who);
        activity::record(self.db.writer(), &fact).await.unwrap();
        self.note_successes(now).await;
    }

    /// Notes the successes that are certain by now, once whatever is open elsewhere on the server lets every fact be read.
    pub(crate) async fn note_successes(&self, now: DateTime<Utc>) {
        let count = Statement::from_string(self.db.backend(), "SELECT COUNT(*) FROM facts");
        let row = self.db.reader().query_one_raw(count).await.unwrap().unwrap();
        let written: i64 = row.try_get_by_index(0).unwrap();
        while activity::read(self.db.reader(), "a look", 10_000).await.unwrap().len() < written as usize {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let lease = testkit::scheduler(self.db, now).await;
        while success::note_due(self.db, &lease, now).await.unwrap() {}
    }

    /// Why the person may not get a campaign about the topic.
    pub(crate) async fn why_not(&self, who: SubscriberId, topic: usize, now: DateTime<Utc>) -> Option<String> {
        self.why_not_get(MailKind::Campaign, who, Some(topic), now).await
    }

    pub(crate) async fn why_not_get(
        &self,
        kind: MailKind,
        who: SubscriberId,
        topic: Option<usize>,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let scope = Scope { brand: self.brand, topic: topic.map(|at| self.topic(at)) };
        let answers = subscribers::may_be_mailed(self.db.reader(), kind, &scope, &[who], now).await.unwrap();
        answers.why_not(who).map(|why| why.to_string())
    }

    /// What the ledger says about a person, by kind: the tests' clock often stands still.
    pub(crate) async fn acts(&self, email: &EmailAddress) -> Vec<String> {
        let shown = subscribers::consent::show(self.db.reader(), email).await.unwrap().unwrap_or_default();
        assert!(shown.iter().all(|entry| entry.intact));
        let mut acts: Vec<String> = shown.into_iter().map(|entry| entry.act.to_string()).collect();
        acts.sort();
        acts
    }
}

pub(crate) fn brand(slug: &str) -> brands::Draft {
    let (from, base_url) = ("news@acme.example".parse().unwrap(), "https://news.acme.example".parse().unwrap());
    let brand = brands::Draft::new(slug, "Acme", from, "1 High Street\nLondon", base_url);
    brands::Draft { from_name: "Acme news".to_owned(), ..brand }
}
