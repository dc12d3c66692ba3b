//! What providers publish, row by row.

use limits::{Published, Settings};
use testkit::{TestDb, both};

use crate::fleet::Fleet;

/// A row of the table.
#[derive(serde::Deserialize)]
struct Row {
    provider: String,
    rate: Option<String>,
    connections: Option<u32>,
    messages_per_connection: Option<u32>,
}

#[derive(serde::Deserialize)]
struct Table {
    row: Vec<Row>,
}

both!(
    async fn each_row_of_what_is_published_holds_its_provider_back_and_nobody_else(db: TestDb) {
        let table: Table = toml::from_str(include_str!("../../data/published.toml")).unwrap();
        let fleet = Fleet::new(&db, Settings { providers: Published::All.limits(), ..Settings::default() }, 1);
        for Row { provider, rate, connections, messages_per_connection } in &table.row {
            let class = fleet.class(0, provider, None);
            assert_eq!(class.messages_per_connection(), *messages_per_connection, "{provider}");
            let rate = rate.as_ref().map(|rate| rate.parse().unwrap());
            assert_eq!(class.rate(), rate, "{provider}");
            // A second's worth of the rate, or as many as there may be connections.
            let second = rate.map(|rate: domain::Throttle| rate.per_second() as u32);
            let at_once = [*connections, second].into_iter().flatten().min();
            assert_eq!(fleet.take(0, &class, 1_000).await.n, at_once.unwrap_or(1_000), "{provider}");
        }
        let stranger = fleet.class(0, "other", None);
        assert_eq!((fleet.take(0, &stranger, 1_000).await.n, stranger.messages_per_connection()), (1_000, None));
    }
);
