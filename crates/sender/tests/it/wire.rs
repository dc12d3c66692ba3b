//! A wire between a sender and PostgreSQL that is cut at the very moment of a COMMIT, or of a statement that is a transaction of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use database::{Database, Settings};
use testkit::TestDb;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a cut loses.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The COMMIT: the server rolls back.
    Word,
    /// The answer: the server has committed.
    Answer,
}

/// The wire; connections that it carries can be cut.
pub(crate) struct Wire {
    address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
}

/// Which COMMIT from now on is struck, counted from 1.
#[derive(Default)]
struct Plan {
    strike: Option<(usize, Loss)>,
    struck: bool,
}

impl Plan {
    fn strikes(&mut self) -> Option<Loss> {
        let (left, loss) = self.strike.as_mut()?;
        *left -= 1;
        if *left > 0 {
            return None;
        }
        let loss = *loss;
        (self.strike, self.struck) = (None, true);
        Some(loss)
    }
}

impl Wire {
    /// A wire to the server of this database, and the database at its end.
    pub(crate) async fn to(db: &TestDb) -> (Self, Database) {
        let mut url: url::Url = db.url().parse().unwrap();
        let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Self { address: listener.local_addr().unwrap(), plan: Arc::default() };
        let plan = Arc::clone(&wire.plan);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, plan) = (server.clone(), Arc::clone(&plan));
                tokio::spawn(async move { carry(client, TcpStream::connect(server).await.unwrap(), &plan).await });
            }
        });
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(wire.address.port())).unwrap();
        url.set_query(Some("sslmode=disable"));
        let settings = Settings { url: url.to_string().into(), connections: 4 };
        (wire, Database::connect(&settings).await.unwrap())
    }

    /// Cuts the connection that brings COMMIT number `no` from now on.
    pub(crate) fn strike(&self, no: usize, loss: Loss) {
        *self.plan.lock().unwrap() = Plan { strike: Some((no, loss)), struck: false };
    }

    /// Whether it has come to that.
    pub(crate) fn has_struck(&self) -> bool {
        self.plan.lock().unwrap().struck
    }

    /// Cuts no more, and says whether it did.
    pub(crate) fn spare(&self) -> bool {
        std::mem::take(&mut *self.plan.lock().unwrap()).struck
    }
}

/// Carries one connection until either side, or the plan, ends it.
async fn carry(mut client: TcpStream, mut server: TcpStream, plan: &Mutex<Plan>) -> Option<()> {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut rounds = Vec::new();
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let asked = &asked[..read.ok().filter(|read| *read > 0)?];
                let prepared = prepared_round(asked);
                let runs = |name: &Vec<u8>| find(asked, &[b"\0", &**name, b"\0"].concat()).is_some();
                let commits = find(asked, b"COMMIT\0").is_some() || prepared.is_none() && rounds.iter().any(runs);
                rounds.extend(prepared);
                let loss = if commits { plan.lock().unwrap().strikes() } else { None };
                if loss == Some(Loss::Word) {
                    return None;
                }
                server.write_all(asked).await.ok()?;
                if loss == Some(Loss::Answer) {
                    // It has been carried out once there is an answer to be lost.
                    return server.readable().await.ok();
                }
            }
            read = server.read(&mut answered) => {
                client.write_all(&answered[..read.ok().filter(|read| *read > 0)?]).await.ok()?;
            }
        }
    }
}

/// The name of the statement that is prepared here (Parse, in PostgreSQL's protocol), if it commits a whole round.
fn prepared_round(asked: &[u8]) -> Option<Vec<u8>> {
    let text = find(asked, b"\0WITH w0 AS")?;
    find(asked, b"SELECT 1 / CASE WHEN")?;
    // The driver counts its statements, `sqlx_s_1`.
    let name = asked[..text].windows(4).rposition(|bytes| bytes == b"sqlx")?;
    Some(asked[name..text].to_vec())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|bytes| bytes == what)
}
