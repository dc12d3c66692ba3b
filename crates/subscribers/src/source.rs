use std::fmt;

use sea_orm::{ActiveEnum, DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// By which door an act came.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Source {
    /// A sign-up form.
    Form,
    /// A link in a mail that led to a page with a button.
    Page,
    /// The mail program's own unsubscribe button (RFC 8058).
    OneClick,
    /// A mail to the unsubscribe address (RFC 2369).
    Mail,
    /// A program, or staff.
    Api,
    /// A list.
    Import,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_value())
    }
}
