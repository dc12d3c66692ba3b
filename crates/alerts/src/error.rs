use domain::AlertId;

/// Why something could not be done with an alert.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such alert.
    #[error("alert {0} does not exist")]
    NotFound(AlertId),
    /// The row holds what was never written by this program.
    #[error("alert {0} is about neither a campaign nor a provider")]
    Row(AlertId),
    /// Nobody can be told, because the brands do not read.
    #[error("the brands cannot be read")]
    Brand(#[from] brands::Error),
    /// The event could not be written.
    #[error("the facts do not answer")]
    Activity(#[from] activity::Error),
    /// The mail could not be queued.
    #[error("the outbox refuses it")]
    Outbox(#[from] outbox::Error),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}
