//! What is kept no longer than it is needed.

use chrono::{DateTime, TimeDelta, Utc};
use database::lease::Lease;

use super::Shared;
use super::scheduler::{has_time, told};
use crate::config::Span;

/// How often everything is gone through. What ended within the hour may wait.
const EVERY: TimeDelta = TimeDelta::hours(1);

/// How much goes in one turn: others wait for it on SQLite. A returned mail may be large, a person stands in many tables.
const MAILS: u64 = 50;
const PEOPLE: u64 = 25;
const LINKS: u64 = 500;
const REPORTS: u64 = 500;

/// How many turns a part has in one round.
const TURNS: usize = 20;

/// Removes what is over once an hour, in turns, a few in each round until nothing is left.
#[derive(Debug, Default)]
pub(super) struct Retention {
    clean_at: Option<DateTime<Utc>>,
}

impl Retention {
    pub(super) async fn round(&mut self, shared: &Shared, lease: &Lease) {
        let now = shared.context.now();
        if self.clean_at.is_some_and(|clean_at| now < clean_at + EVERY) {
            return;
        }
        told("forgetting kept answers", accounts::idempotency::sweep(shared.db.writer(), now).await);
        let mut left = false;
        for part in [Part::ReturnedMail, Part::Reports, Part::Unconfirmed, Part::Links] {
            left |= part.turns(shared, lease).await;
        }
        if !left {
            self.clean_at = Some(now);
        }
    }
}

#[derive(Copy, Clone, Debug)]
enum Part {
    ReturnedMail,
    Reports,
    Unconfirmed,
    Links,
}

impl Part {
    /// Takes its turns, and says whether something is left. What fails is tried again in an hour.
    async fn turns(self, shared: &Shared, lease: &Lease) -> bool {
        for _ in 0..TURNS {
            if !has_time(shared, lease) {
                return true;
            }
            if !self.turn(shared, lease).await {
                return false;
            }
        }
        true
    }

    async fn turn(self, shared: &Shared, lease: &Lease) -> bool {
        let (db, now, kept) = (&shared.db, shared.context.now(), &shared.context.config.retention);
        match self {
            Self::ReturnedMail => {
                let Some(before) = ago(now, kept.returned_mail) else { return false };
                told("forgetting returned mail", feedback::expire(db.writer(), before, MAILS).await) == Some(MAILS)
            }
            Self::Reports => {
                told("forgetting reports", feedback::forget_reports(db.writer(), REPORTS, now).await) == Some(REPORTS)
            }
            Self::Unconfirmed => {
                let Some(before) = ago(now, kept.unconfirmed) else { return false };
                forget_unconfirmed(shared, lease, before, now).await
            }
            Self::Links => {
                told("forgetting links", subscribers::access::sweep(db.writer(), LINKS, now).await) == Some(LINKS)
            }
        }
    }
}

async fn forget_unconfirmed(shared: &Shared, lease: &Lease, before: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let (db, what) = (&shared.db, "forgetting who never confirmed");
    let Some(due) = told(what, subscribers::unconfirmed::due(db.reader(), before, PEOPLE).await) else { return false };
    let mut gone = 0;
    for subscriber in &due {
        // The rest first: as long as the person is on file, a failure can be made good.
        let object = format!("subscriber:{subscriber}");
        let unnamed = told(what, accounts::audit::forget(db.writer(), &object, "subscriber").await).is_some();
        let emptied = told(what, feedback::forget_known(db, *subscriber).await).is_some();
        if !unnamed
            || !emptied
            || told(what, subscribers::unconfirmed::forget(db, lease, *subscriber, before, now).await).is_none()
        {
            return false;
        }
        gone += 1;
    }
    if gone > 0 {
        tracing::info!(count = gone, "{gone} people were forgotten who never confirmed");
    }
    due.len() as u64 == PEOPLE
}

/// The time before which nothing is kept; none if that was before all time.
fn ago(now: DateTime<Utc>, kept: Span) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::from_std(kept.0).ok()?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use database::{lease, sql};
    use domain::{Actor, InstanceId, Locale};
    use feedback::{Filter, Incoming};
    use links::Links;
    use subscribers::opt_in::{self, Request};
    use subscribers::{Evidence, Profile, seed};
    use testkit::{ManualClock, TestDb, both};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::config::{self, BaseUrl, Sources};
    use crate::context::Context;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn shared(db: &TestDb, clock: Arc<ManualClock>) -> Shared {
        let sources = Sources { file: None, variables: Vec::new(), base_url: BaseUrl::Https };
        let context = Context::new(config::load(&sources).unwrap(), clock, BaseUrl::Https);
        Shared {
            instance: InstanceId::new(context.now()),
            stop: CancellationToken::new(),
            context: Arc::new(context),
            db: db.database().clone(),
            keys: testkit::keys(),
        }
    }

    async fn held(shared: &Shared) -> Lease {
        let (holder, now) = (shared.instance.uuid(), shared.context.now());
        lease::acquire(&shared.db, "scheduler", holder, DAY, now).await.unwrap().unwrap()
    }

    async fn round(retention: &mut Retention, shared: &Shared) {
        retention.round(shared, &held(shared).await).await;
    }

    /// A person asks, and postmaster gets a letter.
    async fn furnish(shared: &Shared) {
        let (db, now) = (&shared.db, shared.context.now());
        let txn = db.begin().await.unwrap();
        let brand = brands::create(&txn, brand(), &Actor::Operator, now).await.unwrap().id;
        let seeded = seed::first_brand(&txn, brand, &Actor::Operator, now).await.unwrap();
        txn.commit().await.unwrap();
        let request = Request {
            form_version: seeded.form.current.id,
            email: "ada@example.com".parse().unwrap(),
            profile: Profile { name: Some("Ada".to_owned()), ..Profile::default() },
            topics: vec![seeded.topics[0].id],
            locale: Locale::En,
            evidence: Evidence::none(),
        };
        opt_in::request(db, &shared.keys, request, now).await.unwrap();
        let to = ["postmaster@bounce.acme.example".parse().unwrap()];
        let letter = Incoming { source: "test", from: "a@b.example", to: &to, raw: b"Subject: hello\r\n\r\nhello\r\n" };
        feedback::process(db, &Links::new(&shared.keys), letter, now).await.unwrap();
    }

    /// The report of a bounce was here just now.
    async fn reported(shared: &Shared) {
        let insert = "INSERT INTO report_digests (mailing_no, ordinal, digest, seen_at) VALUES (1, 1, $1, $2)";
        let values = [vec![1_u8].into(), shared.context.now().into()];
        sql::execute(shared.db.writer(), insert, values).await.unwrap();
    }

    async fn reports(shared: &Shared) -> i64 {
        let counted = sql::row(shared.db.reader(), "SELECT COUNT(*) FROM report_digests", []).await.unwrap();
        counted.unwrap().try_get_by_index(0).unwrap()
    }

    fn brand() -> brands::Draft {
        brands::Draft {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            from_name: "Acme".to_owned(),
            from_address: "news@acme.example".parse().unwrap(),
            reply_to: None,
            postal_address: "1 High Street".to_owned(),
            website: None,
            privacy_url: None,
            accent: "#0b6e4f".to_owned(),
            locale: Locale::En,
            sending_domain: "acme.example".to_owned(),
            bounce_domain: "bounce.acme.example".to_owned(),
            base_url: "https://news.acme.example".parse().unwrap(),
            soft_bounce_limit: 3,
            soft_bounce_days: 14,
        }
    }

    async fn on_file(shared: &Shared) -> (usize, usize) {
        let people = subscribers::list(shared.db.reader(), &subscribers::Filter::default(), None, 9).await.unwrap();
        let mails = feedback::list(shared.db.reader(), Filter::default(), None, 9).await.unwrap();
        (people.len(), mails.len())
    }

    both!(
        async fn what_is_over_is_removed_within_the_hour_and_nothing_sooner(db: TestDb) {
            let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
            let (shared, mut retention) = (shared(&db, clock.clone()), Retention::default());
            furnish(&shared).await;
            // The form gives seven days to confirm, and the default is to keep people for thirty more.
            clock.advance(DAY * 37 - Duration::from_secs(1));
            opt_in::expire_due(&shared.db, &held(&shared).await, 9, shared.context.now()).await.unwrap();
            round(&mut retention, &shared).await;
            assert_eq!(on_file(&shared).await, (1, 1));
            clock.advance(Duration::from_secs(60));
            round(&mut retention, &shared).await;
            assert_eq!(on_file(&shared).await, (1, 1), "it is looked for once an hour");
            clock.advance(Duration::from_secs(60 * 60));
            round(&mut retention, &shared).await;
            assert_eq!(on_file(&shared).await, (0, 1));
            clock.advance(DAY * 53);
            round(&mut retention, &shared).await;
            assert_eq!(on_file(&shared).await, (0, 0));
        }
    );

    both!(
        async fn a_report_is_forgotten_after_thirty_days(db: TestDb) {
            let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
            let (shared, mut retention) = (shared(&db, clock.clone()), Retention::default());
            reported(&shared).await;
            clock.advance(DAY * 30);
            round(&mut retention, &shared).await;
            assert_eq!(reports(&shared).await, 1);
            clock.advance(Duration::from_secs(60 * 60));
            round(&mut retention, &shared).await;
            assert_eq!(reports(&shared).await, 0);
        }
    );
}
