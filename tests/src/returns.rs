use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// What a server returns whose user is gone.
pub fn report(return_path: &str, recipient: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.org\r\nTo: {return_path}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 no such user here\r\n\r\n--b--\r\n"
    )
}

/// Returns a mail to a server, as one does whose user is gone, and gives the answer: that to the final dot, or the first refusal.
pub async fn give_back(server: SocketAddr, return_path: &str, recipient: &str) -> String {
    let mut client = Client::connect(server).await.expect("a server that answers");
    client.give_back(return_path, recipient).await.expect("an answer")
}

/// A client of an SMTP server.
struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let mut client = Self(BufReader::new(stream));
        client.read().await?;
        client.say("HELO mx.example.org\r\n").await?;
        Ok(client)
    }

    async fn give_back(&mut self, return_path: &str, recipient: &str) -> io::Result<String> {
        let report = report(return_path, recipient) + ".\r\n";
        let mut answer = String::new();
        for said in ["MAIL FROM:<>\r\n", &format!("RCPT TO:<{return_path}>\r\n"), "DATA\r\n", &report] {
            answer = self.say(said).await?;
            if answer.starts_with(['4', '5']) {
                break;
            }
        }
        Ok(answer)
    }

    async fn say(&mut self, said: &str) -> io::Result<String> {
        self.0.write_all(said.as_bytes()).await?;
        self.read().await
    }

    async fn read(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}

/// A return path, and who is gone.
pub type Gone = (String, String);

/// Many reports, which go over several connections at once. What was not answered stays to be delivered.
#[derive(Debug)]
pub struct Flood {
    left: Mutex<Vec<Gone>>,
    taken: Mutex<Vec<Gone>>,
}

impl Flood {
    /// Nothing of it is delivered yet.
    pub fn new(reports: Vec<Gone>) -> Self {
        Self { left: Mutex::new(reports), taken: Mutex::default() }
    }

    /// Delivers what is left, until nothing is or the server has gone.
    pub async fn deliver(&self, server: SocketAddr, connections: usize) {
        let mut all = Vec::new();
        for _ in 0..connections {
            all.push(self.deliver_by_one(server));
        }
        for ended in futures_util::future::join_all(all).await {
            // A server that was killed.
            drop(ended);
        }
    }

    /// What was answered with 250.
    pub fn taken(&self) -> Vec<Gone> {
        lock(&self.taken).clone()
    }

    async fn deliver_by_one(&self, server: SocketAddr) -> io::Result<()> {
        let mut client = Client::connect(server).await?;
        loop {
            let Some(gone) = lock(&self.left).pop() else { return Ok(()) };
            match client.give_back(&gone.0, &gone.1).await {
                Ok(answer) if answer.starts_with("250") => lock(&self.taken).push(gone),
                // RFC 5321 §4.2.1: what is put off comes again.
                Ok(answer) if answer.starts_with('4') => lock(&self.left).insert(0, gone),
                Ok(answer) => panic!("{answer}"),
                Err(error) => {
                    lock(&self.left).push(gone);
                    return Err(error);
                }
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
