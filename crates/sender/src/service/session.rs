use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use outbox::Phase;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::call::{Call, Told};
use super::letter::{Letter, Passage};
use super::{Meaning, Service};
use crate::connection::{Ended, Guard, Message, OpenError, Problem};

/// More of an answer is not read: the longest that is of any use is a tenth of it.
const LONGEST_ANSWER: usize = 64 * 1024;

/// What hyper keeps of a request before it is sent, and of the head of an answer.
const KEPT: usize = 16 * 1024;

/// A connection to a mail service.
pub struct Session {
    service: Arc<Service>,
    requests: SendRequest<Letter>,
    /// What moves bytes. It ends with the connection.
    driver: JoinHandle<()>,
    /// What is known of the request under way.
    passage: Arc<Passage>,
    /// The head of its answer, as soon as it is heard.
    head: Option<Told>,
    carried: u32,
    broken: bool,
}

impl Session {
    /// Connects and encrypts.
    pub async fn open(service: Arc<Service>) -> Result<Self, OpenError> {
        let limit = service.timeouts.connect;
        let failed = |phase, problem| OpenError { relay: service.name(), phase, problem };
        let tcp = within(limit, crate::connection::tcp(&service.host, service.port));
        let tcp = tcp.await.map_err(|problem| failed(Phase::Connect, problem))?;
        // A request goes in two pieces; the second is not to wait for the first to be acknowledged.
        tcp.set_nodelay(true).map_err(|error| failed(Phase::Connect, Problem::Network(error)))?;
        let begun = match &service.tls {
            None => within(limit, begin(tcp)).await.map_err(|problem| (Phase::Connect, problem)),
            Some((connector, name)) => {
                let handshake = async {
                    let encrypted = connector.connect(name.clone(), tcp).await;
                    begin(encrypted.map_err(|error| Problem::Tls(crate::connection::root(&error)))?).await
                };
                within(limit, handshake).await.map_err(|problem| (Phase::Tls, problem))
            }
        };
        let (requests, driver) = begun.map_err(|(phase, problem)| failed(phase, problem))?;
        let passage = Arc::default();
        Ok(Self { service, requests, driver, passage, head: None, carried: 0, broken: false })
    }

    /// Whether another message may go over it.
    pub fn is_usable(&self) -> bool {
        !self.broken && !self.requests.is_closed() && self.carried < self.service.messages_per_connection
    }

    /// How many messages went over it, taken or refused.
    pub fn carried(&self) -> u32 {
        self.carried
    }

    /// Hands over one message. The guard is asked before the request and before its last byte; if it says no then, the connection is
    /// dropped where it stands.
    pub async fn send(&mut self, message: &Message, guard: &Guard, now: DateTime<Utc>) -> Ended {
        (self.passage, self.head) = (Arc::default(), None);
        if !guard() {
            return Ended::Withheld { phase: Phase::MailFrom };
        }
        let call = match self.service.hand_over(message, now) {
            Ok(call) => call,
            Err(unfit) => return Ended::Unfit(unfit),
        };
        let told = self.exchange(call, Some(guard.clone())).await;
        self.carried += 1;
        self.head = None;
        match told {
            Ok(told) => self.judge(&told),
            Err(ended) => {
                self.broken = true;
                ended
            }
        }
    }

    /// Asks who we are, which shows whether we are let in.
    pub(super) async fn ask(&mut self, now: DateTime<Utc>) -> Result<Told, Ended> {
        self.exchange(self.service.ask(now), None).await
    }

    /// How the message under way ends if it is given up now, its future having been dropped. An answer that was heard is one,
    /// although more was to be read of it.
    pub(crate) fn cut(&mut self) -> Ended {
        self.broken = true;
        match self.head.take() {
            Some(told) => self.judge(&told),
            None => self.lost(Problem::Cut),
        }
    }

    /// Takes leave, for which HTTP has no word.
    pub(crate) fn close(self) {
        self.driver.abort();
    }

    fn judge(&mut self, told: &Told) -> Ended {
        let answered = self.service.judge(told);
        if answered.meaning == Meaning::Taken && !self.passage.is_passed() {
            // Nobody can have taken what they have not had, and the rest does not follow.
            self.broken = true;
            return self.lost(Problem::Garbled(format!("{} before it had the message", answered.reply)));
        }
        self.broken |= !self.passage.is_passed();
        Ended::Answered(Box::new(answered))
    }

    async fn exchange(&mut self, call: Call, guard: Option<Guard>) -> Result<Told, Ended> {
        let (letter, passage) = Letter::new(call.body, guard);
        self.passage = passage;
        let mut request = Request::new(letter);
        (*request.method_mut(), *request.uri_mut()) = (call.method, call.target.parse().unwrap_or_default());
        // The name and the port were parsed from a URL.
        let host = self.service.authority().parse();
        host.ok().and_then(|host| request.headers_mut().insert(HOST, host));
        request.headers_mut().insert(USER_AGENT, hyper::header::HeaderValue::from_static("eshot"));
        request.headers_mut().extend(call.headers);
        let response = self.ask_for_answer(request).await?;
        // Whoever answers before they have had all has decided without it: the rest does not follow.
        self.passage.hold();
        let (parts, body) = response.into_parts();
        let mut told = Told { status: parts.status, headers: parts.headers, body: Vec::new() };
        self.broken |= told.header(CONNECTION.as_str()).is_some_and(|said| said.eq_ignore_ascii_case("close"));
        self.head = Some(told.clone());
        // What was said is said, whatever becomes of the rest.
        let whole = timeout(self.service.timeouts.command, read(body, &mut told.body)).await;
        self.broken |= !matches!(whole, Ok(true));
        Ok(told)
    }

    async fn ask_for_answer(&mut self, request: Request<Letter>) -> Result<Response<Incoming>, Ended> {
        let (body_limit, dot_limit) = (self.service.timeouts.body, self.service.timeouts.dot);
        let ready = timeout(body_limit, self.requests.ready()).await;
        if !matches!(ready, Ok(Ok(()))) {
            return Err(Ended::Broken { phase: Phase::MailFrom, problem: Problem::Closed });
        }
        let answer = {
            let mut exchange = std::pin::pin!(self.requests.try_send_request(request));
            match timeout(body_limit, &mut exchange).await {
                // The whole request is out, so this is the wait for its answer, which may be longer.
                Err(_) if self.passage.is_passed() => timeout(dot_limit, &mut exchange).await.map_err(|_| dot_limit),
                answer => answer.map_err(|_| body_limit),
            }
        };
        let mut error = match answer {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => error,
            Err(limit) => return Err(self.lost(Problem::TimedOut(limit))),
        };
        // The service had closed the connection before anything of the request was sent.
        if error.take_message().is_some() {
            return Err(Ended::Broken { phase: Phase::MailFrom, problem: Problem::Closed });
        }
        // Nothing else holds it back while its answer is waited for.
        if self.passage.is_held() {
            return Err(Ended::Withheld { phase: Phase::Body });
        }
        Err(self.lost(problem(&error.into_error())))
    }

    /// How a message ends when its connection does.
    fn lost(&self, problem: Problem) -> Ended {
        self.passage.hold();
        let phase = if self.passage.is_passed() { Phase::Dot } else { Phase::Body };
        Ended::Broken { phase, problem }
    }
}

/// Nothing of what was under way goes on behind our back.
impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("service", &self.service)
            .field("carried", &self.carried)
            .finish_non_exhaustive()
    }
}

async fn begin<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
) -> Result<(SendRequest<Letter>, JoinHandle<()>), Problem> {
    let (requests, connection) = http1::Builder::new()
        .max_buf_size(KEPT)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| problem(&error))?;
    // How it ends is told by the request that it was to carry.
    Ok((requests, tokio::spawn(async move { drop(connection.await) })))
}

/// Reads an answer's body as far as it is of use. Says whether that was all of it.
async fn read(mut body: Incoming, into: &mut Vec<u8>) -> bool {
    while into.len() < LONGEST_ANSWER {
        let mut pinned = std::pin::pin!(&mut body);
        match std::future::poll_fn(|context| pinned.as_mut().poll_frame(context)).await {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => into.extend(frame.into_data().unwrap_or_default()),
        }
    }
    into.truncate(LONGEST_ANSWER);
    false
}

async fn within<T>(limit: Duration, step: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    timeout(limit, step).await.unwrap_or(Err(Problem::TimedOut(limit)))
}

/// What hyper means.
fn problem(error: &hyper::Error) -> Problem {
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return Problem::Closed;
    }
    if error.is_parse() {
        return Problem::Garbled("it is no HTTP".to_owned());
    }
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return Problem::Network(error.kind().into());
        }
        cause = error.source();
    }
    Problem::Garbled(crate::connection::root(error))
}
