//! The command line.

mod bench;
mod brand;
mod deliveries;
mod feedback;
mod subscriber;
mod suppression;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::{DkimKeyId, EmailAddress};

pub(crate) use self::bench::{Bench, BenchClicks, BenchSend, Signing};
pub(crate) use self::brand::{Brand, NewBrand};
pub(crate) use self::deliveries::{Deliveries, Which};
pub(crate) use self::feedback::Feedback;
pub(crate) use self::subscriber::{Import, Subscriber};
pub(crate) use self::suppression::{ImportSuppressions, Suppression};

/// A self-hosted newsletter service: sign-ups that can be proved, campaigns that arrive once, and an unsubscribe that works.
#[derive(Debug, Parser)]
#[command(name = "eshot", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The configuration file; without it, eshot.toml in the working folder is read if it is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve pages and API, send mail, take what comes back, and do what is due.
    Serve,
    /// Show the whole thing on this machine: a database, a relay and forty subscribers of its own.
    Demo(Demo),
    /// Measure what this machine can do, with a database and people made up for it.
    #[command(subcommand)]
    Bench(Bench),
    /// Print the configuration without its secrets and try the database, the relay and the DNS.
    Check,
    /// Bring the database's schema up to date.
    Migrate,
    /// Brands: who the mail is from.
    #[command(subcommand)]
    Brand(Brand),
    /// The master key, and the keys that sign mail.
    #[command(subcommand)]
    Key(Key),
    /// API tokens for programs.
    #[command(subcommand)]
    Token(Token),
    /// The ledger of consent.
    #[command(subcommand)]
    Consent(Consent),
    /// What became of each mail, and what of it is tried again.
    #[command(subcommand)]
    Deliveries(Deliveries),
    /// The mail that came back.
    #[command(subcommand)]
    Feedback(Feedback),
    /// Addresses that may not be mailed.
    #[command(subcommand, visible_alias = "suppression")]
    Suppressions(Suppression),
    /// How fast mailbox providers are mailed, and which are left alone.
    #[command(subcommand)]
    Limits(Limits),
    /// What went wrong, and who knows it.
    #[command(subcommand)]
    Alerts(Alerts),
    /// People on file.
    #[command(subcommand)]
    Subscriber(Subscriber),
    /// Print the description of the API (OpenAPI).
    Openapi,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Do the whole walk, print what held and what did not, and end.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Print a fresh master key, to be kept in the file that keys.master_file names.
    Master {
        /// The generation: 1 at first, the next number when rotating.
        #[arg(long, default_value_t = 1)]
        id: u8,
    },
    /// Print a fresh secret that signs events, to be kept in the file that events.secret_file names and by the program that is told.
    Events,
    /// The keys that sign mail.
    #[command(flatten)]
    Signing(SigningKey),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SigningKey {
    /// Make the keys that sign a domain's mail (RSA and Ed25519) and print the DNS records to publish.
    New {
        /// The domain in From.
        #[arg(long)]
        domain: String,
    },
    /// List the signing keys with their DNS records.
    List {
        /// Only this domain's.
        #[arg(long)]
        domain: Option<String>,
    },
    /// Let a signing key sign no more.
    Retire {
        /// The key, as `eshot key list` shows it.
        id: DkimKeyId,
    },
    /// After a new master key was added: seal all secrets under it, and hash every address anew.
    Rotate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Limits {
    /// List the providers that have a limit or are held back, with the reason.
    List,
    /// End what holds a provider back.
    Lift {
        /// The provider, as `eshot limits list` shows it.
        provider: domain::MailboxProvider,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Alerts {
    /// List what lasts and nobody has acknowledged, the newest first.
    List {
        /// What is over or acknowledged, too.
        #[arg(long)]
        all: bool,
    },
    /// Say that somebody knows.
    Acknowledge {
        /// The alert, as `eshot alerts list` shows it.
        id: domain::AlertId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token and print it, once.
    New {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// What it may, such as subscribers:read; give it several times.
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// After how long it ends, such as 90d. Without it: never.
        #[arg(long)]
        expires_in: Option<humantime::Duration>,
    },
    /// List the tokens, without their secrets.
    List,
    /// Let a token do nothing any more.
    Revoke {
        /// The token, as `eshot token list` shows it.
        id: domain::TokenId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Consent {
    /// Walk the whole ledger and check every link and every signature.
    Verify {
        /// A head that was kept elsewhere, as `eshot consent anchor` prints it.
        #[arg(long)]
        anchor: Option<PathBuf>,
    },
    /// Show what is proved about a person.
    Show {
        /// Whose.
        address: EmailAddress,
    },
    /// Print the ledger's head, to be kept elsewhere.
    Anchor,
}
