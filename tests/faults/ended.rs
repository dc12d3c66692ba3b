//! kill -9 and SIGTERM in the middle of a throttled campaign.

use std::time::{Duration, Instant};

use testkit::smtp::{Moment, Rule, Script, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, wait_until};

use crate::audit::{Audience, CONNECTIONS, PAST_THE_LEASE, SETTINGS, campaign, settled};

both!(
    async fn killed_without_a_word_it_sends_nobody_two_mails_and_loses_nobody(db: TestDb) {
        let sink = SmtpSink::start().await;
        let mut eshot = Eshot::start(&db, sink.address(), SETTINGS);
        let id = campaign(&eshot, 400).await;
        let kills = 4;
        for round in 1..=kills {
            wait_until("a part of the campaign", async || sink.count() >= round * 60).await;
            eshot.kill();
            eshot.restart();
            eshot.advance(PAST_THE_LEASE);
        }
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(400);
        assert!(audience.in_doubt() <= kills as i64 * CONNECTIONS, "{report}");
    }
);

both!(
    async fn killed_twenty_times_in_twenty_thousand_it_sends_nobody_two_mails_and_loses_nobody(db: TestDb) {
        // It keeps no bodies: 20,000 of 20 kB would not be worth their room.
        let sink = SmtpSink::with(Script { keep: false, ..Script::default() }).await;
        let fast = SETTINGS.replace("60/s", "500/s");
        let mut eshot = Eshot::start(&db, sink.address(), &fast);
        let (people, kills, mut moments) = (20_000, 20, Moments(2026));
        let id = campaign(&eshot, people).await;
        for _ in 0..kills {
            tokio::time::sleep(moments.next()).await;
            eshot.kill();
            eshot.restart();
            eshot.advance(PAST_THE_LEASE);
        }
        assert!(sink.count() < people, "the last kill came after the end");
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(people.try_into().unwrap());
        assert!(audience.in_doubt() <= kills * CONNECTIONS, "{report}");
    }
);

/// Waits of up to three seconds, the same ones in every run: a linear congruential generator (Knuth's MMIX).
struct Moments(u64);

impl Moments {
    const fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % 3_000)
    }
}

both!(
    async fn told_to_end_it_records_what_the_relay_answers(db: TestDb) {
        let sink = SmtpSink::start().await;
        let mut eshot = Eshot::start(&db, sink.address(), SETTINGS);
        let id = campaign(&eshot, 200).await;
        wait_until("a part of the campaign", async || sink.count() >= 50).await;
        let asked = Instant::now();
        assert!(eshot.terminate().success());
        assert!(asked.elapsed() < Duration::from_secs(9), "it took {:?} to end", asked.elapsed());
        eshot.restart();
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(200);
        assert_eq!(audience.in_doubt(), 0, "the relay was well: {report}");
    }
);

both!(
    async fn told_to_end_while_the_relay_hangs_it_leaves_at_most_one_doubt_a_connection(db: TestDb) {
        let sink = SmtpSink::start().await;
        let mut eshot = Eshot::start(&db, sink.address(), SETTINGS);
        let id = campaign(&eshot, 200).await;
        wait_until("a part of the campaign", async || sink.count() >= 50).await;
        sink.add(Rule::hang(Moment::Dot));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let asked = Instant::now();
        assert!(eshot.terminate().success());
        assert!(asked.elapsed() < Duration::from_secs(9), "it took {:?} to end", asked.elapsed());
        sink.forgive();
        eshot.restart();
        eshot.advance(PAST_THE_LEASE);
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(200);
        assert!(audience.in_doubt() <= CONNECTIONS, "{report}");
    }
);
