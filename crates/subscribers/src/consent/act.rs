use std::fmt;

use sea_orm::{ActiveEnum, DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// What an entry of the ledger says.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = ConsentAct)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Act {
    /// Somebody asked for a topic with this address.
    Requested,
    /// The person who reads the mailbox confirmed it.
    Confirmed,
    /// Staff or a program named a basis that was gained elsewhere.
    Vouched,
    /// Nobody confirmed in time.
    Expired,
    /// The person left.
    Left,
    /// The person took the leaving back.
    Undone,
    /// The person agreed to be counted one by one when they open and click.
    TrackingAllowed,
    /// The person wants to be counted one by one no longer.
    TrackingWithdrawn,
    /// The person's data were erased.
    Erased,
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_value())
    }
}
