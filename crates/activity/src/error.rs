/// Why facts could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row holds what the program never writes.
    #[error("fact {id} holds a detail that is no JSON")]
    Detail {
        /// Which one.
        id: i64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The database failed.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}
