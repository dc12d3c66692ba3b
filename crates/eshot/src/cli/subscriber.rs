use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::EmailAddress;
use sea_orm::Iterable;
use subscribers::Basis;

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

fn basis(text: &str) -> Result<Basis, String> {
    Basis::iter().find(|basis| basis.to_string() == text).ok_or_else(|| {
        format!("there are {}", Basis::iter().map(|basis| basis.to_string()).collect::<Vec<_>>().join(", "))
    })
}
