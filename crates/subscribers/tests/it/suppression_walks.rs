//! Whatever happens to a person in whatever order: what stands is weakened by nothing, and lifted by who may lift it alone.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use domain::{Actor, BrandId, EmailAddress, SubscriberId};
use subscribers::opt_in;
use subscribers::suppression::import::{Import, List, lines};
use subscribers::suppression::{self, Lifter, New, Origin, Reason, Suppression, Told, active_for};
use testkit::{TestDb, both, keys};
use verdict::Class;

use crate::stage::{Stage, address, evidence, now, staff};

/// A small generator, so that a failing run is told by its seed alone (Vigna's splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

struct Walk<'a> {
    stage: &'a Stage<'a>,
    other: BrandId,
    email: EmailAddress,
    who: SubscriberId,
    now: DateTime<Utc>,
    dice: Dice,
}

type Standing = BTreeSet<(Option<BrandId>, Reason)>;

impl Walk<'_> {
    async fn entries(&self) -> Vec<Suppression> {
        active_for(self.stage.db.reader(), &keys(), &self.email).await.unwrap()
    }

    async fn standing(&self) -> Standing {
        self.entries().await.into_iter().map(|entry| (entry.brand, entry.reason)).collect()
    }

    async fn step(&mut self) {
        let before = self.standing().await;
        let said = match self.dice.roll(8) {
            0..3 => self.happens().await,
            3 => self.told().await,
            4 => self.listed().await,
            5..7 => self.lifted().await,
            _ => self.confirmed().await,
        };
        let after = self.standing().await;
        for gone in before.difference(&after) {
            assert!(said.lifts(*gone), "{gone:?} was lifted by {said:?}");
        }
        match said {
            Said::Adds(entry) => assert!(after.contains(&entry), "{entry:?} does not stand"),
            Said::Lifts(entry) => assert_eq!(&before - &after, BTreeSet::from([entry])),
            Said::Nothing | Said::Confirmed => {}
        }
        let bars = |(brand, _): &(Option<BrandId>, Reason)| brand.is_none_or(|brand| brand == self.stage.brand);
        let why_not = self.stage.why_not(self.who, 0, self.now).await;
        assert_eq!(why_not.is_some(), after.iter().any(bars), "{why_not:?}: {after:?}");
    }

    /// A delivery fails or is complained about.
    async fn happens(&mut self) -> Said {
        let class = self.dice.pick(&[Class::Hard, Class::Soft, Class::Block, Class::Soft]);
        if self.dice.roll(3) > 0 {
            let effect = crate::failures::fail(self.stage, self.who, class, self.now).await;
            return match effect {
                subscribers::Effect::Suppressed(reason) => Said::Adds((None, reason)),
                _ => Said::Nothing,
            };
        }
        let brand = self.dice.pick(&[self.stage.brand, self.other]);
        let (txn, rule) = (self.stage.db.begin().await.unwrap(), Actor::rule("arf"));
        subscribers::record_complaint(&txn, self.who, brand, &rule, Origin::default(), self.now).await.unwrap();
        txn.commit().await.unwrap();
        Said::Adds((Some(brand), Reason::Complaint))
    }

    async fn told(&mut self) -> Said {
        let brand = self.dice.pick(&[None, Some(self.stage.brand), Some(self.other)]);
        let new = New { email: &self.email, brand, reason: Told::Manual, detail: "" };
        suppression::add(self.stage.db, &keys(), &new, &staff(), self.now).await.unwrap();
        Said::Adds((brand, Reason::Manual))
    }

    async fn listed(&mut self) -> Said {
        let reason = self.dice.pick(&Reason::ALL);
        let list = List { brand: Some(self.other), reason, brands: [].into() };
        let text = format!("address\n{}\n", self.email);
        let (keys, staff) = (keys(), staff());
        let lines: Vec<_> = lines(text.as_bytes(), &list, &keys).unwrap().collect();
        let report = Import::new(&keys, &staff, false).in_pieces(self.stage.db, lines, self.now).await.unwrap();
        if reason == Reason::Erased {
            assert_eq!((report.added + report.unchanged, report.refused.len()), (0, 1), "nobody could lift it again");
            return Said::Nothing;
        }
        assert_eq!(report.added + report.unchanged, 1);
        let reaches_all = matches!(reason, Reason::Hard | Reason::DomainGone | Reason::Soft);
        Said::Adds(((!reaches_all).then_some(self.other), reason))
    }

    async fn lifted(&mut self) -> Said {
        let entries = self.entries().await;
        if entries.is_empty() {
            return Said::Nothing;
        }
        let entry = &entries[self.dice.roll(entries.len())];
        let (why, actor) = (self.dice.pick(&[None, Some("they asked")]), self.dice.pick(&[0, 1]));
        let actor = if actor == 0 { staff() } else { Actor::rule("test") };
        let may = actor == staff() && entry.reason.lifted_by(Lifter::Staff(why)).is_ok();
        let lifted = suppression::lift(self.stage.db, entry.id, why, &actor, self.now).await;
        assert_eq!(lifted.is_ok(), may, "{entry:?} by {actor} for {why:?}");
        if !may {
            return Said::Nothing;
        }
        if matches!(entry.reason, Reason::Hard | Reason::DomainGone | Reason::Soft) {
            let person = subscribers::find(self.stage.db.reader(), self.who).await.unwrap().unwrap();
            assert_eq!(person.score, 0, "a release begins anew");
        }
        Said::Lifts((entry.brand, entry.reason))
    }

    /// They sign up once more and follow the link, if they are sent one.
    async fn confirmed(&mut self) -> Said {
        self.stage.ask(&self.email, &[0, 1], self.now).await;
        let link = self.stage.last_opt_in().await;
        opt_in::confirm(self.stage.db, link, &evidence(), self.now).await.unwrap();
        Said::Confirmed
    }
}

/// What a step may have changed.
#[derive(Copy, Clone, Debug)]
enum Said {
    Nothing,
    Adds((Option<BrandId>, Reason)),
    Lifts((Option<BrandId>, Reason)),
    Confirmed,
}

impl Said {
    fn lifts(self, entry: (Option<BrandId>, Reason)) -> bool {
        match self {
            Self::Nothing | Self::Adds(_) => false,
            Self::Lifts(lifted) => lifted == entry,
            Self::Confirmed => entry.1.lifted_by(Lifter::OptIn).is_ok(),
        }
    }
}

both!(
    async fn no_walk_weakens_what_stands(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let txn = stage.db.begin().await.unwrap();
        let other = brands::create(&txn, crate::stage::brand("other"), &staff(), now()).await.unwrap().id;
        txn.commit().await.unwrap();
        for seed in 0..8 {
            let email = address(&format!("p{seed}@example.com"));
            let who = stage.join(&email, &[0]).await;
            let mut walk = Walk { stage: &stage, other, email, who, now: now(), dice: Dice(seed) };
            for _ in 0..24 {
                let hours = i64::try_from(walk.dice.roll(120)).unwrap();
                walk.now += Duration::hours(hours);
                walk.step().await;
            }
        }
    }
);
