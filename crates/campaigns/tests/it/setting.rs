use campaigns::{Campaign, Draft};
use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, Locale, SubscriberId, TopicId};
use renderer::Source;
use subscribers::import::{List, Row};
use subscribers::{Basis, Profile};
use testkit::start_of_time;

pub(crate) fn now() -> DateTime<Utc> {
    start_of_time()
}

pub(crate) fn staff() -> Actor {
    Actor::Operator
}

/// A brand with the topic "Offers".
pub(crate) struct Setting {
    pub(crate) brand: BrandId,
    pub(crate) topic: TopicId,
}

impl Setting {
    pub(crate) async fn lay(db: &Database) -> Self {
        Self::named(db, "acme").await
    }

    pub(crate) async fn named(db: &Database, slug: &str) -> Self {
        let txn = db.begin().await.unwrap();
        let brand = brands::create(&txn, brand(slug), &staff(), now()).await.unwrap().id;
        let draft = subscribers::topic::Draft {
            slug: "offers".to_owned(),
            name: "Offers".to_owned(),
            description: String::new(),
            position: 0,
        };
        let topic = subscribers::topic::create(&txn, brand, draft, &staff(), now()).await.unwrap().id;
        txn.commit().await.unwrap();
        Self { brand, topic }
    }

    pub(crate) fn draft(&self) -> Draft {
        Draft {
            brand: self.brand,
            topic: self.topic,
            name: "Spring".to_owned(),
            source: Source {
                subject: "Spring for {{fallback first_name \"you\"}}".to_owned(),
                preheader: String::new(),
                mjml:
                    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{fallback first_name \"there\"}}!</mj-text>\
                       </mj-column></mj-section></mj-body></mjml>"
                        .to_owned(),
            },
        }
    }

    pub(crate) async fn campaign(&self, db: &Database) -> Campaign {
        campaigns::create(db, self.draft(), &staff(), now()).await.unwrap()
    }

    pub(crate) async fn scheduled(&self, db: &Database) -> Campaign {
        let campaign = self.campaign(db).await;
        campaigns::schedule(db, campaign.id, now(), None, &staff(), now()).await.unwrap()
    }

    /// So many confirmed subscribers of the topic: `p0@example.com` and so on.
    pub(crate) async fn people(&self, db: &Database, count: usize) -> Vec<SubscriberId> {
        let list = List {
            topics: vec![self.topic],
            basis: Basis::Consent,
            stated: "a paper form at the fair".to_owned(),
            until: None,
            locale: Locale::En,
        };
        let row = |at: usize| Row {
            line: at as u64 + 1,
            email: format!("p{at}@example.com"),
            profile: Profile { name: Some(format!("Ada{at} Lovelace")), ..Profile::default() },
            locale: None,
        };
        let report =
            subscribers::import::run(db, &testkit::keys(), &list, (0..count).map(row), &staff(), now()).await.unwrap();
        assert_eq!(report.added, count as u64, "{report:?}");
        let everybody = subscribers::list(db.reader(), &subscribers::Filter::default(), None, 10_000).await.unwrap();
        everybody.into_iter().map(|subscriber| subscriber.id).collect()
    }
}

fn brand(slug: &str) -> brands::Draft {
    let (from, base_url) = ("news@acme.example".parse().unwrap(), "https://news.acme.example".parse().unwrap());
    let brand = brands::Draft::new(slug, "Acme", from, "1 High Street\nLondon", base_url);
    brands::Draft { from_name: "Acme news".to_owned(), ..brand }
}
