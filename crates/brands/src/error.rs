use domain::BrandId;
use sea_orm::DbErr;

use crate::Problems;

/// Why something could not be done with a brand.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none.
    #[error("brand {0} does not exist")]
    NotFound(BrandId),
    /// Somebody else was faster.
    #[error("brand {id} was changed meanwhile: it is at version {actual}, not {expected}")]
    Conflict {
        /// The brand.
        id: BrandId,
        /// The version that the change was meant for.
        expected: i64,
        /// The version that there is.
        actual: i64,
    },
    /// Slugs are unique.
    #[error("there is a brand with the slug {0:?} already")]
    SlugTaken(String),
    /// Some fields are wrong.
    #[error(transparent)]
    Invalid(#[from] Problems),
    /// The row holds what was never written by this program.
    #[error("the {field} of brand {id} does not read as what it should be")]
    Row {
        /// The brand.
        id: BrandId,
        /// The column.
        field: &'static str,
    },
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] DbErr),
}
