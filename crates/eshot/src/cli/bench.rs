use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Send a campaign to made-up people at domains kept for examples, check every row, and print one line of JSON.
    Send(BenchSend),
    /// Follow the counted links of a made-up campaign, check that every click is written down, and print one line of JSON.
    Clicks(BenchClicks),
}

#[derive(Debug, Args)]
pub(crate) struct BenchClicks {
    /// For how many seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,
    /// Over how many connections at once.
    #[arg(long, default_value = "64")]
    pub(crate) connections: std::num::NonZeroUsize,
    /// How many a second, all together; 0: as many as are answered.
    #[arg(long, default_value_t = 12_000)]
    pub(crate) per_second: u32,
    /// Of how many people's mails.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) recipients: u32,
    /// A database without subscribers, sqlite:PATH or postgres://…; without it, a file that is removed at the end.
    #[arg(long)]
    pub(crate) database: Option<secrecy::SecretString>,
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
    /// How many connections to the relay at once, of each sender.
    #[arg(long, default_value = "128")]
    pub(crate) connections: std::num::NonZeroU32,
    /// How many senders share the work, each an instance of its own. More than one needs a --database on PostgreSQL.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) senders: u32,
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
