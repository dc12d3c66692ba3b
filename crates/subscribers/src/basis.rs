use std::fmt;

use sea_orm::{ActiveEnum, DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// Why we may write to a person at all (GDPR art. 6, ePrivacy art. 13). Kept with every subscription.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Basis {
    /// The person said yes to exactly this.
    Consent,
    /// The address came with a sale of something similar, and an opt-out was offered then (ePrivacy art. 13(2)).
    SoftOptIn,
    /// A contract with the person asks for the mail.
    Contract,
    /// Something else, which the record's source explains.
    Other,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_value())
    }
}
