//! Whatever happens in whatever order, nobody is forgotten and nobody is sent to twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use database::{Database, Writes};
use domain::{Actor, DeliveryKey, MailingNo, Ordinal};
use outbox::{Answer, Batch, Decision, Lease, Outcome, State, Submitted, fact};
use sea_orm::{ConnectionTrait, DbErr, Statement};
use testkit::{TestDb, both, start_of_time};

use crate::stage::{another_campaign, answer, campaign, claim, counts, keys, record, submit, submit_some, worker};

const PEOPLE: u32 = 40;

/// A small generator, so that a failing run is told by its seed alone (Vigna's splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.roll(u64::try_from(from.len().max(1)).unwrap());
        from.get(usize::try_from(index).unwrap())
    }
}

/// The world around the queue: workers with their batches, messages on the way, a relay that remembers what it took.
struct World<'a> {
    db: &'a Database,
    mailings: [MailingNo; 2],
    now: DateTime<Utc>,
    batches: Vec<Batch>,
    on_the_way: Vec<Submitted>,
    taken: BTreeMap<DeliveryKey, u32>,
    resent: BTreeMap<DeliveryKey, u32>,
    /// How many rounds were as presumed, and how many were not.
    presumed: [u32; 2],
}

impl World<'_> {
    async fn act(&mut self, dice: &mut Dice) {
        let key = DeliveryKey::new(
            *dice.pick(&self.mailings).unwrap(),
            Ordinal(1 + i64::try_from(dice.roll(u64::from(PEOPLE))).unwrap()),
        );
        let n = u8::try_from(1 + dice.roll(3)).unwrap();
        let (db, now) = (self.db, self.now);
        match dice.roll(17) {
            0..3 => self.batches.extend(claim(db, n, u32::try_from(1 + dice.roll(9)).unwrap(), now).await),
            3..6 => {
                let Some(batch) = dice.pick(&self.batches) else { return };
                let some: Vec<DeliveryKey> = keys(batch).into_iter().filter(|_| dice.roll(2) == 0).collect();
                let begun = submit_some(db, batch, &some, now).await;
                self.on_the_way.extend(begun);
            }
            6..8 => {
                let answers = self.hear(dice);
                record(db, &answers, now).await;
            }
            8..10 => self.round(dice).await,
            10 => {
                // A batch is given back, or its worker dies and says nothing.
                if self.batches.is_empty() {
                    return;
                }
                let batch = self.batches.swap_remove(usize::try_from(dice.roll(self.batches.len() as u64)).unwrap());
                if dice.roll(2) == 0 {
                    outbox::release(db, &batch.lease, now).await.unwrap();
                }
            }
            11 => {
                for batch in &mut self.batches {
                    if let Some(lease) = outbox::renew(db, &batch.lease, crate::stage::TTL, now).await.unwrap() {
                        batch.lease = lease;
                    }
                }
            }
            12 => drop(outbox::reap(db, worker(n), now).await.unwrap()),
            13 => drop(outbox::skip(db, worker(n), &[(key, "by chance")]).await.unwrap()),
            14 => {
                if outbox::resend(db.writer(), key, &Actor::Operator, now).await.is_ok() {
                    *self.resent.entry(key).or_default() += 1;
                }
                let came_back = self.taken.contains_key(&key) && dice.roll(3) == 0;
                if came_back {
                    fact::bounced(db.writer(), key, now).await.unwrap();
                }
            }
            15 => drop(outbox::decide(db.writer(), key, Decision::Retry, &Actor::Operator, now).await),
            _ => self.now += TimeDelta::seconds(i64::try_from(dice.roll(50)).unwrap()),
        }
    }

    /// What was heard and what is begun next, as is presumed, and where that is not so, row by row.
    async fn round(&mut self, dice: &mut Dice) {
        let mut answers = self.hear(dice);
        if dice.roll(2) == 0 {
            let (usual, others): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.outcome == Outcome::Sent);
            record(self.db, &others, self.now).await;
            answers = usual;
        }
        let batch = dice.pick(&self.batches);
        let next: Vec<(&Lease, Vec<DeliveryKey>)> =
            batch.iter().map(|batch| (&batch.lease, keys(batch).into_iter().take(2).collect())).collect();
        // Whose lease it is decides who presumes.
        let presume = |n| {
            let mut writes = Writes::new();
            let backend = self.db.backend();
            outbox::presume(backend, worker(n), &answers, &next, &mut writes, self.now).map(|begun| (writes, begun))
        };
        if let Some((writes, begun)) = (1..=3).find_map(presume) {
            match writes.commit(self.db).await {
                Ok(()) => {
                    self.presumed[0] += 1;
                    self.on_the_way.extend(begun.concat());
                    return;
                }
                Err(error) => assert_eq!(error, DbErr::RecordNotUpdated),
            }
        }
        self.presumed[1] += 1;
        let (txn, mut writes) = (self.db.begin().await.unwrap(), Writes::new());
        let turn = outbox::turn(&txn, worker(1), &answers, &next, &mut writes, self.now).await.unwrap();
        writes.run(&txn).await.unwrap();
        txn.commit().await.unwrap();
        self.on_the_way.extend(turn.submitted.concat());
    }

    /// The relay answers some of what is on the way; some answers are lost for good.
    fn hear(&mut self, dice: &mut Dice) -> Vec<Answer> {
        let mut answers = Vec::new();
        let (said, left) = std::mem::take(&mut self.on_the_way).into_iter().partition(|_| dice.roll(3) > 0);
        self.on_the_way = left;
        for submitted in Vec::<Submitted>::from_iter(said) {
            let outcome = match dice.roll(8) {
                0 => Outcome::Failed,
                1 => Outcome::InDoubt,
                2 | 3 => Outcome::Deferred { until: self.now + TimeDelta::seconds(30) },
                _ => Outcome::Sent,
            };
            let taken = outcome == Outcome::Sent || outcome == Outcome::InDoubt && dice.roll(2) == 0;
            *self.taken.entry(submitted.key).or_default() += u32::from(taken);
            if dice.roll(6) > 0 {
                answers.push(answer(submitted, outcome, self.now));
            }
        }
        answers
    }

    /// What must hold after every act.
    async fn check(&self, seed: u64) {
        for mailing in self.mailings {
            let counts = counts(self.db, mailing).await;
            assert_eq!(counts.audience(), i64::from(PEOPLE), "seed {seed}: {counts:?}");
            for state in State::ALL {
                let sql = "SELECT COUNT(*) FROM deliveries WHERE mailing_no = $1 AND state = $2";
                let statement = Statement::from_sql_and_values(self.db.backend(), sql, [mailing.into(), state.into()]);
                let row = self.db.reader().query_one_raw(statement).await.unwrap().unwrap();
                assert_eq!(counts.of(state), row.try_get_by_index::<i64>(0).unwrap(), "seed {seed}: {state}");
            }
        }
    }

    /// Nobody got it twice unless a person asked, and everybody gets an end once the workers stay alive.
    async fn finish(mut self, seed: u64) {
        self.now += TimeDelta::hours(1);
        outbox::reap(self.db, worker(1), self.now).await.unwrap();
        let mut last = BTreeSet::new();
        while let Some(batch) = claim(self.db, 1, 50, self.now).await {
            let begun = submit(self.db, &batch, self.now).await;
            let answers: Vec<_> = begun.iter().map(|s| answer(*s, Outcome::Sent, self.now)).collect();
            record(self.db, &answers, self.now).await;
            outbox::release(self.db, &batch.lease, self.now).await.unwrap();
            for submitted in begun {
                assert!(last.insert(submitted.key), "seed {seed}");
                *self.taken.entry(submitted.key).or_default() += 1;
            }
        }
        self.check(seed).await;
        for mailing in self.mailings {
            assert_eq!(counts(self.db, mailing).await.open(), 0, "seed {seed}");
        }
        for (key, times) in &self.taken {
            let asked = self.resent.get(key).copied().unwrap_or_default();
            assert!(*times <= 1 + asked, "seed {seed}: {key} was taken {times} times");
            let delivery = outbox::find(self.db.reader(), *key).await.unwrap().unwrap();
            let known = matches!(delivery.state, State::Sent | State::InDoubt | State::Failed | State::Skipped);
            assert!(*times == 0 || known, "seed {seed}: {key} was taken and is {}", delivery.state);
            if *times > 0 && asked == 0 {
                assert!(matches!(delivery.state, State::Sent | State::InDoubt), "seed {seed}: {key} {delivery:?}");
            }
        }
    }
}

both!(
    async fn the_counts_add_up_and_nobody_gets_it_twice(db: TestDb) {
        let db = db.database();
        let mut mailings = [campaign(db, PEOPLE).await, another_campaign(db).await];
        let mut rounds = [0, 0];
        for seed in 0..6 {
            if seed > 0 {
                mailings = [another_campaign(db).await, another_campaign(db).await];
            }
            let mut dice = Dice(seed);
            let mut world = World {
                db,
                mailings,
                now: start_of_time(),
                batches: Vec::new(),
                on_the_way: Vec::new(),
                taken: BTreeMap::new(),
                resent: BTreeMap::new(),
                presumed: [0, 0],
            };
            for _ in 0..120 {
                world.act(&mut dice).await;
                world.check(seed).await;
            }
            rounds = [rounds[0] + world.presumed[0], rounds[1] + world.presumed[1]];
            world.finish(seed).await;
        }
        assert!(rounds.iter().all(|rounds| *rounds > 10), "{rounds:?}");
    }
);
