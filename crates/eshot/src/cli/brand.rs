use clap::{Args, Subcommand};
use domain::EmailAddress;

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
