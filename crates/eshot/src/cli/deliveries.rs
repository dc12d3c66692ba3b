use std::str::FromStr;

use clap::Subcommand;
use domain::{CampaignId, DeliveryKey};

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
