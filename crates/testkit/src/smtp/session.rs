use std::io;
use std::ops::ControlFlow;
use std::time::Instant;

use data_encoding::BASE64;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::rule::{self, Deed, Moment};
use super::{Accepted, Encryption, Recipient, Shared, lock};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Go on, or leave the connection.
type Flow = io::Result<ControlFlow<()>>;
const ON: Flow = Ok(ControlFlow::Continue(()));
const OFF: Flow = Ok(ControlFlow::Break(()));

/// RFC 5321 §4.5.3.1.4: a command line at most, with its end.
const COMMAND: usize = 512;

/// One connection, from the greeting to its end.
struct Session<'a> {
    shared: &'a Shared,
    number: usize,
    /// None only while TLS is being put on.
    stream: Option<BufReader<Box<dyn Stream>>>,
    encrypted: bool,
    user: Option<String>,
    envelope: Option<(String, Vec<String>)>,
    recipients: Vec<Recipient>,
    messages: usize,
    /// Given up when the farewell is said: who has heard that may connect anew at once.
    open: Option<Open<'a>>,
}

/// A connection that is counted as open.
struct Open<'a>(&'a Shared);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        lock(&self.0.record).open -= 1;
    }
}

pub(super) async fn serve(stream: TcpStream, shared: &Shared) {
    let number = {
        let mut record = lock(&shared.record);
        record.connections += 1;
        record.open += 1;
        record.most_open = record.most_open.max(record.open);
        record.connections
    };
    // A client that hangs up, or a handshake that fails, is nothing to tell anybody about.
    let _ = run(stream, Open(shared), number).await;
}

async fn run(stream: TcpStream, open: Open<'_>, number: usize) -> io::Result<()> {
    let shared = open.0;
    stream.set_nodelay(true)?;
    let implicit = shared.script.encryption == Encryption::Implicit;
    let stream: Box<dyn Stream> =
        if implicit { Box::new(shared.identity.acceptor.accept(stream).await?) } else { Box::new(stream) };
    let mut session = Session {
        shared,
        number,
        stream: Some(BufReader::new(stream)),
        encrypted: implicit,
        user: None,
        envelope: None,
        recipients: Vec::new(),
        messages: 0,
        open: Some(open),
    };
    if session.answer(Moment::Connect, "220 sink.example ESMTP").await?.is_break() {
        return Ok(());
    }
    while let Some(line) = session.line().await? {
        if session.command(&line).await?.is_break() {
            break;
        }
    }
    Ok(())
}

impl Session<'_> {
    async fn command(&mut self, line: &str) -> Flow {
        if self.shared.script.keep {
            lock(&self.shared.record).commands.push(line.to_owned());
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.reset();
                self.answer(Moment::Ehlo, &self.greeting()).await
            }
            "HELO" => {
                self.reset();
                self.answer(Moment::Ehlo, "250 sink.example").await
            }
            "STARTTLS" => self.start_tls().await,
            "AUTH" => self.log_in(rest).await,
            "MAIL" => self.mail(rest).await,
            "RCPT" => self.rcpt(rest).await,
            "DATA" if self.recipients.is_empty() => self.answer(Moment::Data, "503 5.5.1 no recipients").await,
            "DATA" => self.data().await,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 forgotten").await
            }
            "NOOP" => self.say("250 2.0.0 ok").await,
            "QUIT" => {
                self.open = None;
                let _ = self.say("221 2.0.0 bye").await?;
                OFF
            }
            _ => self.say("500 5.5.2 what?").await,
        }
    }

    async fn mail(&mut self, rest: &str) -> Flow {
        if self.shared.script.credentials.is_some() && self.user.is_none() {
            return self.say("530 5.7.0 log in first").await;
        }
        let Some((address, parameters)) = path(rest, "FROM:") else { return self.say("501 5.5.4 FROM:<…>").await };
        // RFC 5321 §4.1.4: a transaction that was begun is ended first, by its dot or by RSET.
        if self.envelope.is_some() {
            return self.say("503 5.5.1 nested MAIL").await;
        }
        let deed = self.take_from(Moment::Mail, &address);
        if !matches!(deed, Some(Deed::Reply(_))) {
            self.envelope = Some((address, parameters));
        }
        self.act(deed, "250 2.1.0 ok").await
    }

    async fn rcpt(&mut self, rest: &str) -> Flow {
        if self.envelope.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        let Some((address, parameters)) = path(rest, "TO:") else { return self.say("501 5.5.4 TO:<…>").await };
        self.recipients.push(Recipient { address, parameters });
        let deed = self.take(Moment::Rcpt);
        if matches!(deed, Some(Deed::Reply(_))) {
            self.recipients.pop();
        }
        self.act(deed, "250 2.1.5 ok").await
    }

    async fn data(&mut self) -> Flow {
        let deed = self.take(Moment::Data);
        if matches!(deed, Some(Deed::Reply(_))) {
            return self.act(deed, "").await;
        }
        if self.act(deed, "354 go on").await?.is_break() {
            return OFF;
        }
        let Some(raw) = self.body().await? else { return OFF };
        let deed = self.take(Moment::Dot);
        let refused = matches!(deed, Some(Deed::Reply(ref line)) if !line.starts_with('2'));
        if refused {
            self.reset();
            return self.act(deed, "").await;
        }
        self.record(raw, !matches!(deed, Some(Deed::Hang | Deed::Drop)));
        self.messages += 1;
        let flow = self.act(deed, &format!("250 2.0.0 taken as {}-{}", self.number, self.messages)).await?;
        if self.shared.script.messages_per_connection.is_some_and(|limit| self.messages >= limit) {
            return OFF;
        }
        Ok(flow)
    }

    /// Reads to the final dot; nothing if the connection ends, or is to end, before it.
    async fn body(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        let mut first = true;
        loop {
            let start = raw.len();
            if self.reader()?.read_until(b'\n', &mut raw).await? == 0 {
                return Ok(None);
            }
            if &raw[start..] == b".\r\n" {
                raw.truncate(start);
                return Ok(Some(raw));
            }
            if raw[start] == b'.' {
                raw.remove(start);
            }
            if std::mem::take(&mut first) {
                match self.take(Moment::Body) {
                    Some(Deed::Hang) => std::future::pending().await,
                    Some(Deed::Delay(time)) => tokio::time::sleep(time).await,
                    Some(Deed::Hold(hold)) => hold.over().await,
                    Some(Deed::Drop | Deed::Reply(_)) => return Ok(None),
                    None => {}
                }
            }
        }
    }

    fn record(&mut self, raw: Vec<u8>, answered: bool) {
        let (from, parameters) = self.envelope.take().unwrap_or_default();
        let to = std::mem::take(&mut self.recipients);
        let keep = self.shared.script.keep;
        let mut record = lock(&self.shared.record);
        for recipient in &to {
            *record.by_recipient.entry(recipient.address.to_lowercase()).or_default() += 1;
        }
        record.messages.push(Accepted {
            from,
            parameters,
            to,
            raw: if keep { raw } else { Vec::new() },
            at: Instant::now(),
            answered,
            connection: self.number,
            encrypted: self.encrypted,
            user: self.user.clone(),
        });
        let count = record.messages.len();
        drop(record);
        self.shared.accepted.send_replace(count);
    }

    async fn start_tls(&mut self) -> Flow {
        if self.shared.script.encryption != Encryption::StartTls || self.encrypted {
            return self.say("502 5.5.1 not offered").await;
        }
        let deed = self.take(Moment::StartTls);
        if matches!(deed, Some(Deed::Reply(_))) {
            return self.act(deed, "").await;
        }
        let _ = self.say("220 2.0.0 go ahead").await?;
        if self.act(deed, "").await?.is_break() {
            return OFF;
        }
        // RFC 3207 §4.2: whatever was sent before the handshake is forgotten, the reader's buffer too.
        let Some(plain) = self.stream.take() else { return OFF };
        let encrypted: Box<dyn Stream> = Box::new(self.shared.identity.acceptor.accept(plain.into_inner()).await?);
        self.stream = Some(BufReader::new(encrypted));
        self.encrypted = true;
        self.reset();
        ON
    }

    async fn log_in(&mut self, rest: &str) -> Flow {
        let deed = self.take(Moment::Auth);
        if deed.is_some() {
            return self.act(deed, "").await;
        }
        let mut words = rest.split(' ');
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let given = match (mechanism.as_str(), words.next()) {
            ("PLAIN", Some(initial)) => plain(initial),
            ("LOGIN", _) => {
                let Some(user) = self.ask("Username:").await? else { return OFF };
                let Some(password) = self.ask("Password:").await? else { return OFF };
                Some((user, password))
            }
            ("XOAUTH2", initial) => return self.take_token(initial).await,
            _ => return self.say("504 5.5.4 not offered").await,
        };
        match (given, &self.shared.script.credentials) {
            (Some(given), Some(wanted)) if given == *wanted => {
                self.user = Some(given.0);
                self.say("235 2.7.0 welcome").await
            }
            _ => self.say("535 5.7.8 wrong name or password").await,
        }
    }

    /// XOAUTH2, where the script's password is the token. Whoever comes with another one is first told why, and refused when that
    /// has been answered with an empty line.
    async fn take_token(&mut self, initial: Option<&str>) -> Flow {
        let given = match initial {
            // RFC 4954 §4: what does not fit into a command line waits until it is asked for.
            Some(initial) if initial.len() > COMMAND - "AUTH XOAUTH2 \r\n".len() => {
                return self.say("500 5.5.6 too long").await;
            }
            Some(initial) => decode(initial),
            None => self.ask("").await?,
        };
        let given = given.as_deref().and_then(bearer);
        if given.is_some() && given == self.shared.script.credentials {
            self.user = given.map(|(user, _)| user);
            return self.say("235 2.7.0 welcome").await;
        }
        let challenge = r#"{"status":"401","schemes":"Bearer","scope":"https://sink.example/"}"#;
        let _ = self.say(&format!("334 {}", BASE64.encode(challenge.as_bytes()))).await?;
        match self.line().await?.as_deref() {
            Some("") => self.say("535 5.7.8 token not accepted").await,
            _ => self.say("501 5.5.2 an empty line was due").await,
        }
    }

    async fn ask(&mut self, question: &str) -> io::Result<Option<String>> {
        let _ = self.say(&format!("334 {}", BASE64.encode(question.as_bytes()))).await?;
        let Some(line) = self.line().await? else { return Ok(None) };
        Ok(Some(decode(&line).unwrap_or_default()))
    }

    fn greeting(&self) -> String {
        let script = &self.shared.script;
        let mut lines = vec!["sink.example".to_owned()];
        lines.extend(script.extensions.iter().cloned());
        if script.encryption == Encryption::StartTls && !self.encrypted {
            lines.push("STARTTLS".to_owned());
        }
        if script.credentials.is_some() {
            lines.push(format!("AUTH {}", script.mechanisms.join(" ")));
        }
        let last = lines.len() - 1;
        let reply: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' }))
            .collect();
        reply.join("\r\n")
    }

    fn reset(&mut self) {
        self.envelope = None;
        self.recipients.clear();
    }

    /// The deed that is due now, used up.
    fn take(&self, moment: Moment) -> Option<Deed> {
        let sender = self.envelope.as_ref().map_or("", |(address, _)| address);
        self.take_from(moment, sender)
    }

    fn take_from(&self, moment: Moment, sender: &str) -> Option<Deed> {
        let recipients: Vec<_> = self.recipients.iter().map(|to| to.address.as_str()).collect();
        rule::find(&mut lock(&self.shared.rules), moment, sender, &recipients, self.messages)
    }

    async fn answer(&mut self, moment: Moment, otherwise: &str) -> Flow {
        let deed = self.take(moment);
        self.act(deed, otherwise).await
    }

    /// Does the deed, or says the other thing if there is none to do.
    async fn act(&mut self, deed: Option<Deed>, otherwise: &str) -> Flow {
        match deed {
            Some(Deed::Hang) => std::future::pending().await,
            Some(Deed::Drop) => OFF,
            Some(Deed::Reply(line)) => self.say(&line).await,
            Some(Deed::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.say(otherwise).await
            }
            Some(Deed::Hold(hold)) => {
                hold.over().await;
                self.say(otherwise).await
            }
            None => self.say(otherwise).await,
        }
    }

    async fn say(&mut self, reply: &str) -> Flow {
        if reply.is_empty() {
            return ON;
        }
        let stream = self.reader()?.get_mut();
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        stream.flush().await?;
        if reply.starts_with("421") { OFF } else { ON }
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.reader()?.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    fn reader(&mut self) -> io::Result<&mut BufReader<Box<dyn Stream>>> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

/// `FROM:<a@example.com> RET=HDRS` → the address and the parameters.
fn path(rest: &str, prefix: &str) -> Option<(String, Vec<String>)> {
    let start = rest.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    let rest = rest[start.len()..].trim_start().strip_prefix('<')?;
    let (address, parameters) = rest.split_once('>')?;
    Some((address.to_owned(), parameters.split_whitespace().map(str::to_owned).collect()))
}

fn plain(initial: &str) -> Option<(String, String)> {
    let text = decode(initial)?;
    let mut parts = text.splitn(3, '\0').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}

fn bearer(response: &str) -> Option<(String, String)> {
    let (user, token) = response.strip_prefix("user=")?.strip_suffix("\x01\x01")?.split_once("\x01auth=Bearer ")?;
    Some((user.to_owned(), token.to_owned()))
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(text.as_bytes()).ok()?).ok()
}
