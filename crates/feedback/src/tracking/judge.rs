//! What was a person, and what a machine: told some seconds later, when what came around a hit is known too.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use activity::{Fact, Kind};
use brands::Brand;
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use database::lease::{self, BeginError, Lease};
use domain::{BrandId, DeliveryKey, MailingNo, Ordinal, SubscriberId};
use outbox::{Delivery, State};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::json;

use super::counts::{Counts, OPENINGS};
use super::store::{self, CHUNK, Verdict};

/// How long a hit waits to be judged: what belongs to it has come by then, and is written down.
pub const SETTLED: TimeDelta = TimeDelta::seconds(10);

/// Nobody opens a mail so soon after a relay took it: it still has to reach the mailbox.
const TOO_SOON: TimeDelta = TimeDelta::seconds(3);

/// Nobody follows so many links within so short a time, or all of a mail that has some. The figures are between what scanners are seen to
/// do (all of them within a second) and what a reader does who opens tabs.
const AT_ONCE: TimeDelta = TimeDelta::seconds(3);
const LINKS_AT_ONCE: usize = 4;
const SOME_LINKS: usize = 3;

/// Why hits could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The role is another's by now.
    #[error(transparent)]
    Lease(#[from] BeginError),
    /// A fact could not be written.
    #[error("the facts cannot be written")]
    Activity(#[from] activity::Error),
    /// A brand could not be read.
    #[error("the brand cannot be read")]
    Brand(#[from] brands::Error),
    /// The database failed.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// A hit that waits.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Waiting {
    pub(super) id: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) brand_id: BrandId,
    pub(super) mailing_no: MailingNo,
    pub(super) ordinal: Option<Ordinal>,
    pub(super) link: Option<i32>,
    pub(super) links: i32,
    pub(super) suspect: Option<String>,
}

impl Waiting {
    fn key(&self) -> Option<DeliveryKey> {
        self.ordinal.map(|ordinal| DeliveryKey::new(self.mailing_no, ordinal))
    }
}

/// Judges what has settled, a bounded number in each call, and says whether there may be more. Whoever calls it holds `lease`, one role
/// for all instances: each hit is judged once.
pub async fn judge(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<bool, JudgeError> {
    // Most of the time nothing waits.
    if store::waiting(db.reader(), now - SETTLED, 1).await?.is_empty() {
        return Ok(false);
    }
    let txn = lease::begin(db, lease, now).await?;
    let waiting = store::waiting(&txn, now - SETTLED, CHUNK).await?;
    let more = waiting.len() == CHUNK as usize;
    let court = Court::read(&txn, &waiting).await?;
    let mut counts = Counts::default();
    let mut verdicts = Vec::with_capacity(waiting.len());
    let mut facts = Vec::new();
    let mut arrived = BTreeMap::new();
    let mut seen = store::seen(&txn, &court.keys).await?;
    for hit in &waiting {
        let Some(brand) = court.brands.get(&hit.brand_id) else {
            verdicts.push(Verdict::gone(hit.id));
            continue;
        };
        let delivery = hit.key().and_then(|key| court.deliveries.get(&key));
        let machine = court.machine(hit, delivery);
        let count = counts.of(hit.mailing_no, hit.link.unwrap_or(OPENINGS));
        let counted = delivery.and_then(|delivery| delivery.subscriber.map(|person| (delivery, person)));
        let counted = counted.filter(|(_, person)| court.consenting.contains(&(brand.id, *person)));
        let Some((delivery, person)) = counted else {
            // Nobody in particular: from the beginning, or because the person is to be counted no longer, or is gone.
            let may = hit.link.is_some() && brand.anonymous_clicks;
            verdicts.push(if may { Verdict::anonymous(hit.id, machine.clone()) } else { Verdict::gone(hit.id) });
            if may {
                *if machine.is_some() { &mut count.anonymous_machine } else { &mut count.anonymous } += 1;
            }
            continue;
        };
        // Whoever it was, the mail has arrived.
        if matches!(delivery.state, State::InDoubt | State::Submitting) {
            arrived.insert(delivery.key, hit.at);
        }
        *if machine.is_some() { &mut count.machine } else { &mut count.human } += 1;
        verdicts.push(Verdict::of(hit.id, machine.clone()));
        if machine.is_some() || !seen.insert((delivery.key, hit.link)) {
            continue;
        }
        count.people += 1;
        facts.push(fact(hit, delivery.key, brand.id, person));
        if hit.link.is_some() && seen.insert((delivery.key, Some(store::ANY_LINK))) {
            counts.of(hit.mailing_no, store::ANY_LINK).people += 1;
        }
    }
    for (key, at) in arrived {
        outbox::fact::arrived(&txn, key, at).await?;
    }
    activity::record_all(&txn, &facts).await?;
    counts.add(&txn).await?;
    store::settle(&txn, &verdicts, now).await?;
    txn.commit().await?;
    Ok(more)
}

fn fact(hit: &Waiting, key: DeliveryKey, brand: BrandId, person: SubscriberId) -> Fact {
    match hit.link {
        Some(link) => Fact::new(Kind::Clicked, brand, hit.at).about(person).of(key).with(json!({ "link": link })),
        None => Fact::new(Kind::Opened, brand, hit.at).about(person).of(key),
    }
}

/// What is known about the hits of a chunk.
struct Court {
    brands: HashMap<BrandId, Brand>,
    keys: Vec<DeliveryKey>,
    deliveries: HashMap<DeliveryKey, Delivery>,
    /// Whom which brand may count.
    consenting: HashSet<(BrandId, SubscriberId)>,
    /// When which links of a delivery were followed, around these hits.
    clicks: HashMap<DeliveryKey, Vec<(DateTime<Utc>, i32)>>,
}

impl Court {
    async fn read(conn: &impl ConnectionTrait, waiting: &[Waiting]) -> Result<Self, JudgeError> {
        let mut brands = HashMap::new();
        for brand in waiting.iter().map(|hit| hit.brand_id).collect::<BTreeSet<_>>() {
            if let Some(found) = brands::find(conn, brand).await? {
                brands.insert(brand, found);
            }
        }
        let brand_of: BTreeMap<_, _> = waiting.iter().filter_map(|hit| Some((hit.key()?, hit.brand_id))).collect();
        let keys: Vec<_> = brand_of.keys().copied().collect();
        let deliveries: HashMap<_, _> =
            outbox::among(conn, &keys).await?.into_iter().map(|delivery| (delivery.key, delivery)).collect();
        let mut people: HashMap<BrandId, Vec<SubscriberId>> = HashMap::new();
        for delivery in deliveries.values() {
            if let (Some(brand), Some(person)) = (brand_of.get(&delivery.key), delivery.subscriber) {
                people.entry(*brand).or_default().push(person);
            }
        }
        let mut consenting = HashSet::new();
        for (brand, people) in people {
            let allowed = subscribers::tracking::among(conn, brand, &people).await?;
            consenting.extend(allowed.into_iter().map(|person| (brand, person)));
        }
        let clicks = store::clicks(conn, &keys, waiting, AT_ONCE).await?;
        Ok(Self { brands, keys, deliveries, consenting, clicks })
    }

    /// The rule by which a hit is a machine's.
    fn machine(&self, hit: &Waiting, delivery: Option<&Delivery>) -> Option<String> {
        if let Some(rule) = &hit.suspect {
            return Some(rule.clone());
        }
        let sent = delivery.and_then(|delivery| delivery.sent_at);
        if sent.is_some_and(|sent| hit.at < sent + TOO_SOON) {
            return Some("time.too_soon".to_owned());
        }
        let around = hit.link.and(hit.key()).and_then(|key| self.clicks.get(&key))?;
        let links: HashSet<i32> =
            around.iter().filter(|(at, _)| (*at - hit.at).abs() <= AT_ONCE).map(|(_, link)| *link).collect();
        let all = usize::try_from(hit.links).unwrap_or(usize::MAX);
        let most = if all >= SOME_LINKS { all.min(LINKS_AT_ONCE) } else { LINKS_AT_ONCE };
        (links.len() >= most).then(|| "time.all_links_at_once".to_owned())
    }
}
