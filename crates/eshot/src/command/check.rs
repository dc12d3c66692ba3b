mod mailbox;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use brands::Brand;
use chrono::{DateTime, Utc};
use database::Database;
use dns::{Resolver, SendingDomain};
use domain::MasterKeys;
use migrations::Standing as Schema;
use outbox::Phase;
use sender::connection::Problem;
use sender::{Outlet, Route};

use crate::config::RelayAuth;
use crate::context::Context;
use crate::out::say;
use crate::relay::{self, Section, named, outlets};

/// How long one name server may think.
const DNS_PATIENCE: Duration = Duration::from_secs(5);

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
    for section in relay::sections(&context.config) {
        for line in try_relay(section, context.clock.now()).await {
            tell(line);
        }
    }
    for line in mailbox::lines(&context.config).await {
        tell(line);
    }
    if let Some(db) = &db {
        for line in brands_of_relays(context, db).await? {
            tell(line);
        }
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
async fn try_relay(section: Section<'_>, now: DateTime<Utc>) -> Vec<Line> {
    let Outlet { name, route, .. } = match section.outlet() {
        Ok(outlet) => outlet,
        Err(blamed) => return vec![Line::bad("relay", blamed.what, &blamed.key)],
    };
    let of = named(&name, &route);
    let line = |step: sender::relay::Step| {
        let subject = format!("relay {}", step.phase);
        match step.outcome {
            Ok(found) if matches!(route, Route::Folder(_)) => Line::beware(&subject, format!("{of}: {found}")),
            Ok(found) => Line::good(&subject, format!("{of}: {found}")),
            Err(problem) => {
                let advice = advice(section, &route, step.phase, &problem);
                Line::bad(&subject, format!("{of}: {}", words(&problem)), &advice)
            }
        }
    };
    route.probe(now).await.steps.into_iter().map(line).collect()
}

/// What to do about a relay that fails in this phase.
fn advice(section: Section<'_>, route: &Route, phase: Phase, problem: &Problem) -> String {
    let (url, username) = (section.key("url"), section.key("username"));
    match (route, phase, section.auth()) {
        (Route::Folder(_), ..) => {
            format!("make the folder that {url} names, and give it to the user that eshot runs as")
        }
        (Route::Service(_), Phase::Auth, _) => {
            let password = section.key("password");
            format!("see that {username} and {password} are those of the service, and that they may send")
        }
        (_, Phase::Auth, RelayAuth::Password) => {
            let password = section.key("password");
            format!("see that {username} and {password} are right, and that the relay takes passwords")
        }
        (_, Phase::Auth, RelayAuth::Xoauth2) => {
            let file = section.key("token_file");
            format!(
                "see that {file} holds an access token for SMTP that has not expired, of {username}, and that the relay takes \
                 tokens"
            )
        }
        _ if matches!(problem, Problem::Tls(_)) => {
            let certificates = section.key("certificates");
            format!(
                "see that {url} names the relay as its certificate does, and that whoever has signed it is trusted by this machine or \
                 in the file {certificates}"
            )
        }
        _ => format!("see that {url} is right, and that the relay takes mail from this machine"),
    }
}

/// Brands that relays are for and that there are not, and those that no relay is for.
async fn brands_of_relays(context: &Context, db: &Database) -> anyhow::Result<Vec<Line>> {
    // What is wrong with a relay was told.
    let Ok(outlets) = outlets(&context.config) else { return Ok(Vec::new()) };
    let slugs: Vec<String> = brands::list(db.reader()).await?.into_iter().map(|brand| brand.slug).collect();
    let mut lines = Vec::new();
    for outlet in &outlets {
        let unknown = outlet.brands.iter().filter(|brand| !slugs.contains(brand));
        lines.extend(unknown.map(|brand| {
            let there =
                if slugs.is_empty() { "there is none".to_owned() } else { format!("there are {}", slugs.join(", ")) };
            let words = format!("{} is for a brand {brand:?} that there is not; {there}", outlet.name);
            Line::bad("relay brands", words, "name a brand that there is, or make this one with `eshot brand new`")
        }));
    }
    let unserved = slugs.iter().filter(|slug| !outlets.iter().any(|outlet| outlet.serves(slug)));
    lines.extend(unserved.map(|slug| {
        let words = format!("no relay is for the brand {slug:?}: its mail waits");
        Line::bad("relay brands", words, "name it in the brands of a relay, or have a relay that names none")
    }));
    Ok(lines)
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
