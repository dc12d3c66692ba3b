use clap::Subcommand;
use domain::EmailAddress;

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
