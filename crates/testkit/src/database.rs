#![expect(clippy::expect_used, reason = "a test that has no database has failed")]

use std::path::Path;

use database::{Database, Settings};
use sea_orm::ConnectionTrait;
use tokio::sync::OnceCell;
use uuid::{NoContext, Timestamp, Uuid};

/// A fresh database with the whole schema, gone when it is dropped.
#[derive(Debug)]
pub struct TestDb {
    database: Database,
    url: String,
    _home: Home,
}

/// What goes when the database is dropped.
#[derive(Debug)]
enum Home {
    Folder { _folder: tempfile::TempDir },
    Server { server: String, name: String },
}

impl TestDb {
    /// An SQLite file of its own.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("eshot.db").display());
        let database = connect(&url).await;
        migrations::run(&database).await.expect("the schema");
        Self { database, url, _home: Home::Folder { _folder: folder } }
    }

    /// A copy of an SQLite file, with whatever schema it has.
    pub async fn sqlite_from(file: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let copy = folder.path().join("eshot.db");
        std::fs::copy(file, &copy).expect("a copy of the file");
        let url = format!("sqlite:{}", copy.display());
        Self { database: connect(&url).await, url, _home: Home::Folder { _folder: folder } }
    }

    /// A PostgreSQL database of its own, or none where no server is named.
    pub async fn postgres() -> Option<Self> {
        let server = postgres_server()?;
        let template = template(&server).await;
        let name = fresh_name("eshot_test");
        let url = create(&server, &name, &format!(" TEMPLATE {template}")).await;
        Some(Self { database: connect(&url).await, url, _home: Home::Server { server, name } })
    }

    /// A PostgreSQL database filled by statements, with whatever schema they make, or none where no server is named.
    pub async fn postgres_from(statements: &str) -> Option<Self> {
        let server = postgres_server()?;
        let name = fresh_name("eshot_test");
        let url = create(&server, &name, "").await;
        // On connections of their own: a dump changes the settings of the session that it is read in.
        let filled = connect(&url).await;
        filled.writer().execute_unprepared(statements).await.expect("statements that can be carried out");
        filled.close().await.expect("to close");
        Some(Self { database: connect(&url).await, url, _home: Home::Server { server, name } })
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Its address, for a program of its own.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Self::Server { server, name } = self else { return };
        let (server, name) = (std::mem::take(server), std::mem::take(name));
        // A test's runtime may be ending, so this has one of its own. Thousands of left-over databases fill a disk.
        let dropping = std::thread::spawn(move || {
            run(async move {
                let admin = connect(&server).await;
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                admin.writer().execute_unprepared(&sql).await.expect("to drop a test's database");
            });
        });
        drop(dropping.join());
    }
}

/// Runs one test on both databases.
#[macro_export]
macro_rules! both {
    ($(#[$meta:meta])* async fn $name:ident($db:ident: $ty:ty) $body:block) => {
        $(#[$meta])*
        #[cfg(test)]
        async fn $name($db: $ty) $body

        // Of the same name: functions and modules do not meet.
        #[cfg(test)]
        mod $name {
            #[test]
            fn sqlite() {
                $crate::run(async { super::$name($crate::TestDb::sqlite().await).await });
            }

            #[test]
            fn postgres() {
                $crate::run(async {
                    match $crate::TestDb::postgres().await {
                        Some(db) => super::$name(db).await,
                        None => eprintln!("skipped: ESHOT_TEST_POSTGRES names no server"),
                    }
                });
            }
        }
    };
}

/// Runs a test's future on a runtime of its own.
#[doc(hidden)]
pub fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test);
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the script that starts them")]
fn postgres_server() -> Option<String> {
    std::env::var("ESHOT_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

async fn connect(url: &str) -> Database {
    Database::connect(&Settings { url: url.into(), connections: 4 }).await.expect("a database to open")
}

/// The name of a database with the whole schema, migrated once a test process and copied for each test.
async fn template(server: &str) -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            let name = fresh_name("eshot_template");
            let database = connect(&create(server, &name, "").await).await;
            migrations::run(&database).await.expect("the schema");
            database.close().await.expect("to close");
            name
        })
        .await
}

/// Makes a database, `how` as SQL says it, and gives its address.
async fn create(server: &str, name: &str, how: &str) -> String {
    let admin = connect(server).await;
    admin.writer().execute_unprepared(&format!("CREATE DATABASE {name}{how}")).await.expect("a database");
    admin.close().await.expect("to close");
    on_server(server, name)
}

fn on_server(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{base}/{name}")
}

#[expect(clippy::disallowed_methods, reason = "names of throw-away databases")]
fn fresh_name(prefix: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    format!("{prefix}_{}", Uuid::new_v7(Timestamp::from_unix(NoContext, now.as_secs(), now.subsec_nanos())).simple())
}
