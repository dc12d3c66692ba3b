use std::time::Duration;

use tokio::sync::watch;

/// A moment of the dialogue at which the server may be told to misbehave.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A connection is made; the greeting is due.
    Connect,
    /// EHLO was read.
    Ehlo,
    /// STARTTLS was read; `Reply` refuses it, the other deeds come after the 220.
    StartTls,
    /// AUTH was read.
    Auth,
    /// MAIL FROM was read.
    Mail,
    /// RCPT TO was read.
    Rcpt,
    /// DATA was read.
    Data,
    /// The first line of the message was read. `Reply` has no meaning here.
    Body,
    /// The final dot was read.
    Dot,
}

/// What the server does instead of going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Answers with this line, such as `550 5.1.1 no such user`; after 421 it hangs up.
    Reply(String),
    /// Says nothing more and keeps the connection.
    Hang,
    /// Closes the connection without a word.
    Drop,
    /// Goes on as if nothing were, but later.
    Delay(Duration),
    /// Goes on as if nothing were, once it is let go.
    Hold(Hold),
}

/// What keeps a server waiting until a test has done what it has to do in the meantime. Its clones are one.
#[derive(Clone, Debug, Default)]
pub struct Hold(watch::Sender<bool>);

impl Hold {
    /// Lets everybody go on who waits for it, and whoever comes to it from now on.
    pub fn let_go(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn over(&self) {
        // Its sender lives as long as we do, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|over| *over).await;
    }
}

impl PartialEq for Hold {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

impl Eq for Hold {}

/// When to do what.
#[derive(Clone, Debug)]
pub struct Rule {
    moment: Moment,
    deed: Deed,
    recipient: Option<String>,
    sender: Option<String>,
    times: Option<usize>,
    after: usize,
}

impl Rule {
    /// To do `deed` at `moment`, always and to everybody.
    pub fn new(moment: Moment, deed: Deed) -> Self {
        Self { moment, deed, recipient: None, sender: None, times: None, after: 0 }
    }

    /// To answer with `line` at `moment`.
    pub fn reply(moment: Moment, line: &str) -> Self {
        Self::new(moment, Deed::Reply(line.to_owned()))
    }

    /// To hang at `moment`.
    pub fn hang(moment: Moment) -> Self {
        Self::new(moment, Deed::Hang)
    }

    /// To wait at `moment` until this is over.
    pub fn hold(moment: Moment, hold: &Hold) -> Self {
        Self::new(moment, Deed::Hold(hold.clone()))
    }

    /// To hang up at `moment`.
    pub fn drop(moment: Moment) -> Self {
        Self::new(moment, Deed::Drop)
    }

    /// Only for recipients with this local part; a `*` at its end stands for anything. From RCPT on.
    #[must_use]
    pub fn to(mut self, local_part: &str) -> Self {
        self.recipient = Some(local_part.to_lowercase());
        self
    }

    /// Only for mail whose return path is at this domain. From MAIL on.
    #[must_use]
    pub fn of(mut self, domain: &str) -> Self {
        self.sender = Some(domain.to_lowercase());
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Only on connections that have brought at least so many messages.
    #[must_use]
    pub fn after(mut self, messages: usize) -> Self {
        self.after = messages;
        self
    }

    fn fits(&self, moment: Moment, sender: &str, recipients: &[&str], messages: usize) -> bool {
        let domain = sender.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
        let ours = self.sender.as_ref().is_none_or(|wanted| *wanted == domain);
        let known = self.recipient.as_ref().is_none_or(|wanted| {
            recipients.iter().any(|address| {
                let local = address.rsplit_once('@').map_or(*address, |(local, _)| local).to_lowercase();
                wanted.strip_suffix('*').map_or(local == *wanted, |start| local.starts_with(start))
            })
        });
        self.moment == moment && self.times != Some(0) && messages >= self.after && known && ours
    }
}

/// The deed of the first rule that fits, which is then used up by one.
pub(super) fn find(
    rules: &mut [Rule],
    moment: Moment,
    sender: &str,
    recipients: &[&str],
    messages: usize,
) -> Option<Deed> {
    let rule = rules.iter_mut().find(|rule| rule.fits(moment, sender, recipients, messages))?;
    if let Some(times) = &mut rule.times {
        *times -= 1;
    }
    Some(rule.deed.clone())
}
