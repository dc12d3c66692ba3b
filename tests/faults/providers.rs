//! Seventeen providers, each with a relay and limits of its own, none of which ever sees more than it takes: not in the ordinary course,
//! nor when an instance is killed and another takes over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use sea_orm::DbBackend;
use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Staff, wait_until};

use crate::audit::{campaign, settled_by};

/// What one provider takes: so many connections at once, so many messages on each, so many messages a second.
#[derive(Copy, Clone)]
struct Taken {
    connections: usize,
    per_connection: usize,
    rate: usize,
}

/// What the seventeen take: no two neighbours the same.
fn taken() -> impl Iterator<Item = Taken> {
    (0..17).map(|at| Taken { connections: 1 + at % 3, per_connection: 2 + at % 5, rate: 6 + at % 4 })
}

const PEOPLE: usize = 510;

/// Longer than a connection is an instance's that says nothing, and than a lease.
const PAST_THE_SLOTS: Duration = Duration::from_secs(31);

both!(
    async fn no_provider_sees_one_too_many_although_an_instance_is_killed(db: TestDb) {
        let mut sinks = Vec::new();
        for _ in taken() {
            sinks.push(SmtpSink::start().await);
        }
        let all = || sinks.iter().map(SmtpSink::count).sum::<usize>();
        let settings = |roles: &str| settings(&sinks, roles);
        let everything = settings(r#""web", "sender", "scheduler""#);
        let mut eshot = Eshot::start(&db, sinks[0].address(), &everything);
        // SQLite takes one server, so that one itself is killed there.
        let is_alone = db.database().backend() == DbBackend::Sqlite;
        let mut other = (!is_alone).then(|| eshot.join(&db, sinks[0].address(), &settings(r#""sender""#)));
        let id = campaign(&eshot, PEOPLE).await;
        wait_until("a part of the campaign", async || all() >= PEOPLE / 4).await;
        match &mut other {
            Some(other) => other.kill(),
            None => {
                eshot.kill();
                eshot.restart();
            }
        }
        let before = all();
        let mut counts = [0; 6];
        let staff = Staff::of(&eshot).await;
        if is_alone {
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(all(), before, "the dead one's connections are nobody's before its slots have ended");
        } else {
            wait_until("the other to go on", async || all() > before).await;
        }
        // A clock that leaps ends leases, and with them connections that are in use, for which no relay would be to blame. The sinks see
        // meanwhile that those of the dead one are over.
        staff.act(&id, "pause").await;
        wait_until("a standstill", async || {
            counts.rotate_left(1);
            counts[5] = all();
            counts[0] == counts[5]
        })
        .await;
        eshot.advance(PAST_THE_SLOTS);
        staff.act(&id, "resume").await;
        let report = settled_by(&[&eshot], &id).await;

        let submission = &report["submission"];
        let doubts = submission["in_doubt"].as_i64().unwrap();
        assert_eq!(submission["sent"].as_i64().unwrap() + doubts, PEOPLE as i64, "{report}");
        assert!(doubts <= taken().map(|taken| taken.connections).sum::<usize>() as i64, "{report}");
        let mut mails: BTreeMap<String, usize> = BTreeMap::new();
        for sink in &sinks {
            sink.by_recipient().into_iter().for_each(|(who, count)| *mails.entry(who).or_default() += count);
        }
        assert!(mails.values().all(|count| *count == 1) && mails.len() as i64 >= PEOPLE as i64 - doubts);
        for (at, (sink, taken)) in sinks.iter().zip(taken()).enumerate() {
            assert!(sink.count() >= PEOPLE / 17 / 2, "provider {at} has had its share: {}", sink.count());
            saw_no_more(at, sink, taken);
        }
    }
);

fn settings(sinks: &[SmtpSink], roles: &str) -> String {
    let mut toml = format!("serve.roles = [{roles}]\nsender.lease = \"10s\"\n");
    for (at, (sink, Taken { connections, per_connection, rate })) in sinks.iter().zip(taken()).enumerate() {
        let url = sink.url();
        // There are more workers than connections that they may have.
        let workers = connections + 2;
        writeln!(
            toml,
            "[relays.p{at}]\nurl = \"{url}\"\ntls = \"none\"\nconnections = {workers}\nweight = {rate}\n\
             limit = {{ rate = \"{rate}/s\", burst = 1, connections = {connections}, \
             messages_per_connection = {per_connection} }}"
        )
        .unwrap();
    }
    toml
}

fn saw_no_more(at: usize, sink: &SmtpSink, Taken { connections, per_connection, rate }: Taken) {
    assert!(sink.most_connections() <= connections, "provider {at}: {} connections", sink.most_connections());
    let messages = sink.messages();
    let mut on: BTreeMap<usize, usize> = BTreeMap::new();
    messages.iter().for_each(|mail| *on.entry(mail.connection).or_default() += 1);
    let most = on.values().max().copied().unwrap_or_default();
    assert!(most <= per_connection, "provider {at}: {most} messages on a connection");
    // From any message to any later one. Half a second is leased ahead, or caught up with, and what is on its way when the machine
    // stands still arrives at once: a message for each connection.
    for (first, from) in messages.iter().enumerate() {
        for (last, to) in messages.iter().enumerate().skip(first) {
            let time = to.at.duration_since(from.at).as_secs_f64() + 0.5;
            let allowed = 1.0 + rate as f64 * time + connections as f64;
            let seen = last - first + 1;
            assert!(seen as f64 <= allowed.ceil(), "provider {at}: {seen} messages in {:?}", to.at - from.at);
        }
    }
}
