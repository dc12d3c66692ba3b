use chrono::{DateTime, Utc};
use domain::{BrandId, ConsentEventId, EmailAddress};
use sea_orm::ConnectionTrait;

use super::{Act, Proof};
use crate::form::Version;
use crate::topic::Topic;
use crate::{Basis, Error};

/// One entry of the ledger with all that proves it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its id.
    pub id: ConsentEventId,
    /// Its place in the chain; none if the sealer has not come by yet.
    pub seq: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub act: Act,
    /// Of which brand.
    pub brand: BrandId,
    /// About which topic.
    pub topic: Option<Topic>,
    /// On what basis.
    pub basis: Option<Basis>,
    /// The form as the person saw it, with its words.
    pub form: Option<Version>,
    /// By what it is proved.
    pub proof: Proof,
    /// Whether entry, evidence and words are what was hashed when it was written.
    pub intact: bool,
}

/// All entries about the person with this address, oldest first; none if they are not on file.
pub async fn show(conn: &impl ConnectionTrait, email: &EmailAddress) -> Result<Option<Vec<Shown>>, Error> {
    let _ = (conn, email);
    todo!()
}
