use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use domain::{CampaignId, DeliveryKey, DkimKeyId, EmailAddress};
use sea_orm::Iterable;
use subscribers::Basis;

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
    #[command(subcommand)]
    Suppression(Suppression),
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
pub(crate) enum Bench {
    /// Send a campaign to made-up people at domains kept for examples, check every row, and print one line of JSON.
    Send(BenchSend),
}

#[derive(Debug, Args)]
pub(crate) struct BenchSend {
    /// To how many.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) recipients: u32,
    /// The server that takes the mail, by smtp:// and without TLS: one that throws it away, such as Postfix's smtp-sink.
    #[arg(long)]
    pub(crate) relay: url::Url,
    /// A database without subscribers, sqlite:PATH or postgres://…; without it, a file that is removed at the end.
    #[arg(long)]
    pub(crate) database: Option<secrecy::SecretString>,
    /// What signs the mail.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) dkim: Signing,
    /// How many connections to the relay at once.
    #[arg(long, default_value = "128")]
    pub(crate) connections: std::num::NonZeroU32,
}

/// Which keys a brand has in a measurement.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Signing {
    #[default]
    None,
    Ed25519,
    Rsa,
    Both,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Brand {
    /// Make a brand with the topics offers, events and product-news, and an opt-in form.
    New(NewBrand),
    /// List the brands.
    List,
    /// Say where a brand's alerts are mailed: when a campaign or a provider is paused, or is about to be.
    Alerts {
        /// The brand, by slug.
        brand: String,
        /// Where to, best at a provider that few recipients use. Without it: nowhere.
        #[arg(long)]
        to: Option<EmailAddress>,
    },
    /// Say how many soft failures, over how many days at least and with no success between, suppress an address.
    Bounces {
        /// The brand, by slug.
        brand: String,
        /// How many: 1 to 100.
        #[arg(long)]
        limit: Option<i32>,
        /// Over how many days: 0 to 365.
        #[arg(long)]
        days: Option<i32>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Suppression {
    /// List the addresses that may not be mailed, by age, or what stands against one. The addresses themselves are not kept.
    List {
        /// What stands against this address.
        #[arg(long)]
        email: Option<EmailAddress>,
        /// Only this brand's own, by slug.
        #[arg(long)]
        brand: Option<String>,
        /// Lifted ones too.
        #[arg(long)]
        lifted: bool,
        /// Begin behind this one.
        #[arg(long)]
        after: Option<domain::SuppressionId>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Suppress an address by hand.
    Add {
        /// The address.
        email: EmailAddress,
        /// Only for this brand, by slug. Without it: for every one.
        #[arg(long)]
        brand: Option<String>,
        /// Why, in words. Not the address, or it would outlive an erasure.
        #[arg(long)]
        why: String,
    },
    /// Lift a suppression.
    Release {
        /// Which, as `eshot suppression list` shows it.
        id: domain::SuppressionId,
        /// Why, in words. It is kept.
        #[arg(long)]
        why: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewBrand {
    /// The name for people, such as "Example Ltd".
    #[arg(long)]
    pub(crate) name: String,
    /// The address in From, such as news@example.com. Its domain signs the mail.
    #[arg(long)]
    pub(crate) from: EmailAddress,
    /// The street address that every footer shows; \n begins a new line.
    #[arg(long)]
    pub(crate) postal_address: String,
    /// The domain of return paths. Without it: bounce. before the domain of From.
    #[arg(long)]
    pub(crate) bounce_domain: Option<String>,
    /// The name in URLs. Without it: the name in small letters.
    #[arg(long)]
    pub(crate) slug: Option<String>,
    /// The language of its mails and pages: en or de.
    #[arg(long, default_value = "en")]
    pub(crate) locale: domain::Locale,
    /// Where its alerts are mailed. Without it: nowhere.
    #[arg(long)]
    pub(crate) alerts: Option<EmailAddress>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Print a fresh master key, to be kept in the file that keys.master_file names.
    Master {
        /// The generation: 1 at first, the next number when rotating.
        #[arg(long, default_value_t = 1)]
        id: u8,
    },
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

#[derive(Debug, Subcommand)]
pub(crate) enum Deliveries {
    /// List a campaign's deliveries with the last words about each.
    List {
        /// The campaign.
        campaign: CampaignId,
        /// Only those in this state, such as failed or in_doubt.
        #[arg(long)]
        state: Option<outbox::State>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Print all of a campaign's deliveries as CSV.
    Export {
        /// The campaign.
        campaign: CampaignId,
        /// Only those in this state.
        #[arg(long)]
        state: Option<outbox::State>,
    },
    /// Try again what failed, unless an attempt may have been taken.
    Retry {
        /// The campaign for all of it, or one delivery, such as 7.123.
        which: Which,
        /// Only failures of this class, such as block. Without it: all but hard and domain_gone, whose addresses do not exist.
        #[arg(long)]
        class: Option<verdict::Class>,
    },
    /// Send what is in doubt once more: some may get it twice.
    Resend {
        /// The campaign for all of it, or one delivery, such as 7.123.
        which: Which,
    },
    /// Leave what is in doubt alone for good.
    GiveUp {
        /// The campaign for all of it, or one delivery, such as 7.123.
        which: Which,
    },
}

/// Which deliveries are meant.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// A campaign's.
    Campaign(CampaignId),
    /// One.
    One(DeliveryKey),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = || text.parse().map(Self::One);
        let neither = |_| format!("{text:?} is neither a campaign's id nor a delivery such as 7.123");
        text.parse().map(Self::Campaign).or_else(|_| one()).map_err(neither)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Feedback {
    /// List what came back, the newest first.
    List {
        /// Only what was not understood.
        #[arg(long)]
        not_understood: bool,
        /// Only what became this: acted, noted, to_look_at, not_understood or refused.
        #[arg(long, value_parser = standing, conflicts_with = "not_understood")]
        standing: Option<feedback::Standing>,
        /// Only this class, such as hard.
        #[arg(long)]
        class: Option<verdict::Class>,
        /// Only what came by this door, such as listener.
        #[arg(long)]
        source: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Show one returned mail as it came.
    Show {
        /// Which, as `eshot feedback list` shows it.
        id: domain::ReturnedMailId,
    },
    /// Take back what a returned mail did to a person: a suppression, or a failure that was counted.
    Release {
        /// Which, as `eshot feedback list` shows it.
        id: domain::ReturnedMailId,
        /// Why, in words. It is kept.
        #[arg(long)]
        why: String,
    },
    /// Deal with a returned mail once more, by the rules of today. It does what it asks for once.
    Replay {
        /// Which, as `eshot feedback list` shows it.
        #[arg(required_unless_present = "standing")]
        id: Option<domain::ReturnedMailId>,
        /// All that became this instead, such as not_understood or refused.
        #[arg(long, value_parser = standing, conflicts_with = "id")]
        standing: Option<feedback::Standing>,
    },
    /// Say what mails are, one JSON object each, without a database or a configuration.
    Parse {
        /// The mails, a file each.
        #[arg(required_unless_present = "files_from")]
        files: Vec<PathBuf>,
        /// A file with the paths of mails, one a line.
        #[arg(long)]
        files_from: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Subscriber {
    /// Take people over from elsewhere: a CSV file whose first line names the columns, one of them email.
    Import(Import),
    /// Show everything that is kept about a person, as JSON.
    Show {
        /// Whose.
        address: EmailAddress,
    },
    /// Erase a person: all but the keyed hash that keeps the address from being mailed again.
    Erase {
        /// Whose.
        address: EmailAddress,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file.
    pub(crate) file: PathBuf,
    /// The brand, by slug.
    #[arg(long)]
    pub(crate) brand: String,
    /// The topics that they are subscribed to, by slug; give it several times.
    #[arg(long = "topic", required = true)]
    pub(crate) topics: Vec<String>,
    /// Why they may be written to: consent, soft_opt_in, contract or other. A list without a basis is none.
    #[arg(long, value_parser = basis)]
    pub(crate) basis: Basis,
    /// How that basis was gained, in words; it goes into the consent ledger of each.
    #[arg(long)]
    pub(crate) stated: String,
}

fn standing(text: &str) -> Result<feedback::Standing, String> {
    use sea_orm::ActiveEnum;
    feedback::Standing::iter().find(|standing| standing.to_value() == text).ok_or_else(|| {
        let known: Vec<_> = feedback::Standing::iter().map(|standing| standing.to_value()).collect();
        format!("there are {}", known.join(", "))
    })
}

fn basis(text: &str) -> Result<Basis, String> {
    Basis::iter().find(|basis| basis.to_string() == text).ok_or_else(|| {
        format!("there are {}", Basis::iter().map(|basis| basis.to_string()).collect::<Vec<_>>().join(", "))
    })
}
