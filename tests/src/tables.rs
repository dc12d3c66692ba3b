use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use testkit::TestDb;

/// What a program that is at rest writes all the same: who plays which role, what the limits have left, and what is out of
/// the limits' hands.
const NEVER_AT_REST: [&str; 3] = ["leases", "budgets", "connection_slots"];

/// When a name server is asked again who keeps a person's mailbox. Tests give it none that answers, so it is put off at any time.
const PUT_OFF: &str = "provider_look_at";

/// Every row of every table but those, to be compared with a later look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables(BTreeMap<String, BTreeSet<String>>);

impl Tables {
    /// As they are now.
    pub async fn of(db: &TestDb) -> Self {
        let mut tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for table in names(db).await {
            let row = match db.database().backend() {
                DbBackend::Sqlite => columns(db, &table).await,
                _ => format!("(to_jsonb(t) - '{PUT_OFF}')::text"),
            };
            let rows = texts(db, &format!("SELECT {row} FROM \"{table}\" t")).await;
            tables.insert(table, rows.into_iter().collect());
        }
        assert!(tables.len() > 30 && !tables["forms"].is_empty(), "these are the tables");
        Self(tables)
    }

    /// A look at which nothing is under way: every entry of the ledger is sealed, every fact read, no mail waits,
    /// no lease is out.
    pub async fn at_rest(db: &TestDb) -> Self {
        let under_way = "SELECT CAST((SELECT count(*) FROM consent_events WHERE seq IS NULL) \
                         + (SELECT count(*) FROM facts f WHERE NOT EXISTS (SELECT 1 FROM fact_cursors c) \
                             OR EXISTS (SELECT 1 FROM fact_cursors c WHERE (c.written_by, c.id) < \
                                     (CAST(CAST(f.written_by AS TEXT) AS BIGINT), f.id))) \
                         + (SELECT count(*) FROM deliveries WHERE state IN ('queued', 'submitting')) \
                         + (SELECT count(*) FROM outbox_leases) \
                         + (SELECT count(*) FROM campaigns WHERE status IN ('launching', 'sending')) AS TEXT)";
        crate::wait_until("the program to be at rest", async || texts(db, under_way).await == ["0"]).await;
        Self::of(db).await
    }

    /// All rows as one text, in which SQLite's blobs are hexadecimal.
    pub fn text(&self) -> String {
        self.0.values().flatten().map(|row| format!("{row}\n")).collect()
    }

    /// What was otherwise `before`, a line for each row that went or came.
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let none = BTreeSet::new();
        let names: BTreeSet<&String> = before.0.keys().chain(self.0.keys()).collect();
        let mut changes = Vec::new();
        for name in names {
            let (was, is) = (before.0.get(name).unwrap_or(&none), self.0.get(name).unwrap_or(&none));
            changes.extend(was.difference(is).map(|row| format!("{name} - {row}")));
            changes.extend(is.difference(was).map(|row| format!("{name} + {row}")));
        }
        changes
    }
}

async fn names(db: &TestDb) -> Vec<String> {
    let sql = match db.database().backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        _ => "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()",
    };
    let names = texts(db, sql).await;
    names.into_iter().filter(|name| !NEVER_AT_REST.contains(&name.as_str())).collect()
}

/// All columns of a table of SQLite in one text.
async fn columns(db: &TestDb, table: &str) -> String {
    let sql = format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> '{PUT_OFF}'");
    let columns = texts(db, &sql).await;
    columns.iter().map(|column| format!("'{column}=' || quote(\"{column}\")")).collect::<Vec<_>>().join(" || ' ' || ")
}

/// The first column of every row.
async fn texts(db: &TestDb, sql: &str) -> Vec<String> {
    let statement = Statement::from_string(db.database().backend(), sql);
    let rows = db.database().reader().query_all_raw(statement).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}
