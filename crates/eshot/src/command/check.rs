use std::error::Error;
use std::fmt;
use std::time::Duration;

use brands::Brand;
use database::Database;
use dns::{Resolver, SendingDomain};
use domain::MasterKeys;
use migrations::Standing as Schema;
use outbox::Phase;
use sender::Route;

use crate::config::RelayAuth;
use crate::context::Context;
use crate::out::say;
use crate::relay::route;

/// How long one name server may think.
const DNS_PATIENCE: Duration = Duration::from_secs(5);

/// What to do about a relay that is not reached, or does not encrypt.
const RELAY_ADVICE: &str = "see that relay.url is right, and that the relay takes mail from this machine";

/// What to do about a folder that cannot be written to.
const FOLDER_ADVICE: &str = "make the folder that relay.url names, and give it to the user that eshot runs as";

/// What a line says of its subject.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Standing {
    Holds,
    /// It works, and not as in earnest.
    Beware,
    Fails,
}

/// One line of the answer.
struct Line {
    standing: Standing,
    subject: String,
    words: String,
    advice: Option<String>,
}

impl Line {
    fn good(subject: &str, words: impl Into<String>) -> Self {
        Self { standing: Standing::Holds, subject: subject.to_owned(), words: words.into(), advice: None }
    }

    fn beware(subject: &str, words: impl Into<String>) -> Self {
        Self { standing: Standing::Beware, ..Self::good(subject, words) }
    }

    fn bad(subject: &str, words: impl Into<String>, advice: &str) -> Self {
        Self { standing: Standing::Fails, advice: Some(advice.to_owned()), ..Self::good(subject, words) }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.standing {
            Standing::Holds => "ok  ",
            Standing::Beware => "WARN",
            Standing::Fails => "FAIL",
        };
        write!(f, "{verdict}  {:<12}  {}", self.subject, self.words)?;
        match &self.advice {
            Some(advice) => write!(f, "\n{:20}what to do: {advice}", ""),
            None => Ok(()),
        }
    }
}

/// `eshot check`: what is in force, and whether it works. False if something does not.
pub(super) async fn run(context: &Context) -> anyhow::Result<bool> {
    say!("{}", context.printable);
    let mut holds = true;
    let mut tell = |line: Line| {
        holds &= line.standing != Standing::Fails;
        say!("{line}");
    };
    let keys = context.keys();
    tell(match &keys {
        Ok(keys) => Line::good("master key", format!("generation {} makes new things", keys.current().0)),
        Err(error) => Line::bad(
            "master key",
            format!("{error:#}"),
            "put what `eshot key master` prints into a file and name it by keys.master_file",
        ),
    });
    let (line, db) = database(context).await;
    tell(line);
    if let (Some(db), Ok(keys)) = (&db, &keys) {
        for line in suppressions(db, keys).await? {
            tell(line);
        }
    }
    if let Some(stand_in) = &context.config.relay.redirect_to {
        tell(Line::beware("redirect", format!("all mail goes to {stand_in}, and nobody whom it is for gets any")));
    }
    for line in try_relay(context).await {
        tell(line);
    }
    if let Some(db) = &db {
        for line in domains(context, db).await? {
            tell(line);
        }
    }
    Ok(holds)
}

async fn database(context: &Context) -> (Line, Option<Database>) {
    let bad = |words: String, advice: &str| (Line::bad("database", words, advice), None);
    let db = match context.open().await {
        Ok(db) => db,
        Err(error) => return bad(format!("{error:#}"), "see that database.url is right and the server is up"),
    };
    match migrations::check(&db).await {
        Ok(Schema::Current) => (Line::good("database", "it answers, and the schema is this program's"), Some(db)),
        Ok(Schema::Empty | Schema::Behind(_)) => bad("the schema is not up to date".to_owned(), "run `eshot migrate`"),
        Ok(Schema::Newer(steps)) => {
            bad(format!("a newer eshot has changed the schema: {}", steps.join(", ")), "start that version")
        }
        Err(error) => bad(words(&error), "see the database's own log"),
    }
}

async fn suppressions(db: &Database, keys: &MasterKeys) -> anyhow::Result<Vec<Line>> {
    let unreadable = subscribers::suppression::unreadable(db.reader(), keys).await?;
    let line = |(id, count): (domain::KeyId, i64)| {
        Line::bad(
            "suppressions",
            format!(
                "{count} stand under master key {}, which is not given: whoever comes back is not recognised",
                id.0
            ),
            "put that key's line back into the file that keys.master_file names",
        )
    };
    Ok(unreadable.into_iter().map(line).collect())
}

/// One line for each step that a mail would take, up to the first that fails.
async fn try_relay(context: &Context) -> Vec<Line> {
    let route = match route(&context.config.relay) {
        Ok(route) => route,
        Err(blamed) => return vec![Line::bad("relay", blamed.what, blamed.key)],
    };
    let login = match context.config.relay.auth {
        RelayAuth::Password => {
            "see that relay.username and relay.password are right, and that the relay takes passwords"
        }
        RelayAuth::Xoauth2 => {
            "see that relay.token_file holds an access token for SMTP that has not expired, of relay.username, and that the \
             relay takes tokens"
        }
    };
    let line = |step: sender::relay::Step| {
        let subject = format!("relay {}", step.phase);
        match step.outcome {
            Ok(found) if matches!(route, Route::Folder(_)) => {
                Line::beware(&subject, format!("{}: {found}", route.name()))
            }
            Ok(found) => Line::good(&subject, format!("{}: {found}", route.name())),
            Err(problem) => {
                let advice = match (&route, step.phase) {
                    (Route::Folder(_), _) => FOLDER_ADVICE,
                    (Route::Smtp(_), Phase::Auth) => login,
                    (Route::Smtp(_), _) => RELAY_ADVICE,
                };
                Line::bad(&subject, format!("{}: {}", route.name(), words(&problem)), advice)
            }
        }
    };
    route.probe().await.steps.into_iter().map(line).collect()
}

/// The DNS of every brand's sending domain.
async fn domains(context: &Context, db: &Database) -> anyhow::Result<Vec<Line>> {
    let settings = dns::Settings { nameserver: context.config.dns.nameserver, timeout: DNS_PATIENCE };
    let resolver = match Resolver::new(&settings) {
        Ok(resolver) => resolver,
        Err(error) => return Ok(vec![Line::bad("DNS", words(&error), "set dns.nameserver")]),
    };
    let brands = brands::list(db.reader()).await?;
    if brands.is_empty() {
        return Ok(vec![Line::bad(
            "brands",
            "there is none, so there is nobody to send as",
            "see `eshot brand new --help`",
        )]);
    }
    let mut lines = Vec::new();
    for brand in brands {
        lines.extend(domain(&resolver, db, &brand, context.config.feedback.hostname.as_deref()).await?);
    }
    Ok(lines)
}

async fn domain(
    resolver: &Resolver,
    db: &Database,
    brand: &Brand,
    mail_host: Option<&str>,
) -> anyhow::Result<Vec<Line>> {
    let keys = brands::key::list(db.reader(), Some(&brand.sending_domain)).await?;
    let expected = SendingDomain {
        domain: brand.sending_domain.clone(),
        bounce_domain: brand.bounce_domain.clone(),
        dkim: keys.iter().filter(|key| key.retired_at.is_none()).map(brands::key::KeyInfo::dns_record).collect(),
        mail_host: mail_host.map(str::to_owned),
    };
    let findings = resolver.check_sending_domain(&expected).await;
    let line = |finding: dns::Finding| Line {
        standing: if finding.holds() { Standing::Holds } else { Standing::Fails },
        subject: finding.subject.to_string(),
        words: format!("{} ({}): {}", finding.standing, finding.name, finding.words),
        advice: finding.publish.map(|record| format!("publish {record}")),
    };
    Ok(findings.into_iter().map(line).collect())
}

/// An error with its causes, on one line.
fn words(error: &dyn Error) -> String {
    std::iter::successors(Some(error), |&error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
