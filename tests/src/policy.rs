use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A policy server (Postfix's SMTPD_POLICY_README): it has Postfix refuse recipients, which it asks about at RCPT TO.
#[derive(Debug)]
pub struct Policy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

/// How often a recipient is refused before nothing is held against them, and with which words.
type Refusals = HashMap<String, (usize, String)>;

impl Policy {
    /// One that refuses each of these recipients so often, with a reply's code, enhanced code and words.
    pub async fn start(refusals: &[(&str, usize, &str)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let refusals: Refusals =
            refusals.iter().map(|(who, times, words)| ((*who).to_owned(), (*times, (*words).to_owned()))).collect();
        let refusals = Arc::new(Mutex::new(refusals));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&refusals)));
            }
        });
        Self { address, task }
    }

    /// The restriction that has Postfix ask it.
    pub fn restriction(&self) -> String {
        format!("check_policy_service inet:{}:{}", self.address.ip(), self.address.port())
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A request is lines of `name=value` up to an empty one.
async fn answer(stream: TcpStream, refusals: Arc<Mutex<Refusals>>) {
    let mut lines = BufReader::new(stream).lines();
    let mut recipient = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(named) = line.strip_prefix("recipient=") {
            named.clone_into(&mut recipient);
        }
        if !line.is_empty() {
            continue;
        }
        let action = match refusals.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&recipient) {
            Some((times @ 1.., words)) => {
                *times -= 1;
                words.clone()
            }
            _ => "DUNNO".to_owned(),
        };
        if lines.get_mut().write_all(format!("action={action}\n\n").as_bytes()).await.is_err() {
            return;
        }
    }
}
