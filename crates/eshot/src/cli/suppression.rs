use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::EmailAddress;
use subscribers::suppression::Reason;

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
        /// Which, as `eshot suppressions list` shows it.
        id: domain::SuppressionId,
        /// Why, in words. It is kept.
        #[arg(long)]
        why: String,
    },
    /// Suppress the addresses of a list. It only adds, so it may be brought again.
    Import(ImportSuppressions),
    /// Write the suppressions as CSV, with the keyed hashes of the addresses.
    Export {
        /// Only this brand's own, by slug.
        #[arg(long)]
        brand: Option<String>,
        /// Only those for this reason, such as complaint.
        #[arg(long, value_parser = reason)]
        reason: Option<Reason>,
        /// Lifted ones too.
        #[arg(long)]
        lifted: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImportSuppressions {
    /// A CSV file whose first line names the columns: address, or hash, scheme and generation as an export has them; and brand, reason and
    /// detail.
    pub(crate) file: PathBuf,
    /// For which brand, by slug, where a line does not say it. Without it: for every one.
    #[arg(long)]
    pub(crate) brand: Option<String>,
    /// Why, where a line does not say it.
    #[arg(long, value_parser = reason, default_value = "imported")]
    pub(crate) reason: Reason,
    /// Only find out what would become of it.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn reason(text: &str) -> Result<Reason, String> {
    Reason::ALL.into_iter().find(|reason| reason.to_string() == text).ok_or_else(|| {
        let known = Reason::ALL.map(|reason| reason.to_string());
        format!("there are {}", known.join(", "))
    })
}
