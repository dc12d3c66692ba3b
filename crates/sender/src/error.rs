/// Why the sender could not go on. Nothing is lost by it: what was not written down is tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue did not answer.
    #[error("the outbox does not answer")]
    Outbox(#[from] outbox::Error),
    /// A failure could not be counted.
    #[error("the subscribers do not answer")]
    Subscribers(#[from] subscribers::Error),
    /// A fact could not be written down.
    #[error("the facts do not answer")]
    Activity(#[from] activity::Error),
    /// What a message is made of could not be read.
    #[error("{0}")]
    Compose(String),
    /// The database failed.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

impl From<crate::compose::ComposeError> for Error {
    fn from(error: crate::compose::ComposeError) -> Self {
        Self::Compose(error.chain())
    }
}
