//! What the outbox sends: a campaign, or a standing stream such as confirmations.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use database::sql;
use domain::{Actor, BrandId, CampaignId, MailKind, MailingNo};
use sea_orm::{ConnectionTrait, DbErr, DeriveValueType, FromQueryResult};
use serde::{Deserialize, Serialize};

use crate::acts::{self, Act};
use crate::{Error, counts};

/// A mailing.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Mailing {
    /// Its number, which every delivery and every return path carries.
    pub no: MailingNo,
    /// What kind of mail it sends.
    pub kind: MailKind,
    /// Who sends it.
    #[sea_orm(from_alias = "brand_id")]
    pub brand: BrandId,
    /// The campaign, unless it is a standing stream.
    #[sea_orm(from_alias = "campaign_id")]
    pub campaign: Option<CampaignId>,
    /// Whether it may send.
    pub state: MailingState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Whether a mailing may send.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, DeriveValueType)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum MailingState {
    /// Its deliveries are being written; nothing is sent yet.
    Building,
    /// Its deliveries are handed out.
    Open,
    /// None of its deliveries is handed out, and those handed out are not begun.
    Held,
    /// Over. It takes no delivery and begins none, until a person wants one in doubt [sent again](crate::resend) or one
    /// that failed [tried again](crate::Decision::Retry).
    Closed,
}

/// Why a mailing's state does not change.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mailing {no} is {from} and cannot become {to}")]
pub struct InvalidMailingTransition {
    /// The mailing.
    pub no: MailingNo,
    /// The state it is in.
    pub from: MailingState,
    /// The state it should have taken.
    pub to: MailingState,
}

/// Why a text is no mailing's state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no state of a mailing")]
pub struct InvalidMailingState(String);

impl MailingState {
    const ALL: [Self; 4] = [Self::Building, Self::Open, Self::Held, Self::Closed];

    /// Whether a mailing in this state may be put into that one. Staying is harmless.
    pub const fn may_become(self, to: Self) -> bool {
        use MailingState::{Building, Closed, Held, Open};
        matches!(
            (self, to),
            (Building, Building)
                | (Building | Open | Held, Open)
                | (Open | Held, Held)
                | (Building | Open | Held | Closed, Closed)
        )
    }

    /// The state as the database spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Open => "open",
            Self::Held => "held",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for MailingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MailingState {
    type Err = InvalidMailingState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| InvalidMailingState(text.to_owned()))
    }
}

/// Makes the mailing of a campaign, to be filled by [`enqueue::chunk`](crate::enqueue::chunk) and then [`release`]d.
pub async fn create_for_campaign(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    campaign: CampaignId,
    now: DateTime<Utc>,
) -> Result<MailingNo, DbErr> {
    let sql = "INSERT INTO mailings (kind, brand_id, campaign_id, state, created_at) \
               VALUES ($1, $2, $3, 'building', $4) RETURNING no";
    let values = [MailKind::Campaign.into(), brand.into(), campaign.into(), now.into()];
    let row = sql::row(conn, sql, values).await?.ok_or(DbErr::RecordNotInserted)?;
    row.try_get_by_index(0)
}

/// The brand's standing stream for this kind of mail, made at its first use.
pub async fn stream(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    kind: MailKind,
    now: DateTime<Utc>,
) -> Result<MailingNo, DbErr> {
    let find = "SELECT no FROM mailings WHERE brand_id = $1 AND kind = $2 AND campaign_id IS NULL";
    if let Some(row) = sql::row(conn, find, [brand.into(), kind.into()]).await? {
        return row.try_get_by_index(0);
    }
    // Two may be first; the second waits for the first and then finds its row.
    let create = "INSERT INTO mailings (kind, brand_id, state, created_at) VALUES ($1, $2, 'open', $3) \
                  ON CONFLICT (brand_id, kind) WHERE campaign_id IS NULL DO NOTHING";
    sql::execute(conn, create, [kind.into(), brand.into(), now.into()]).await?;
    let row = sql::row(conn, find, [brand.into(), kind.into()]).await?.ok_or(DbErr::RecordNotInserted)?;
    row.try_get_by_index(0)
}

/// The mailing of this number.
pub async fn find(conn: &impl ConnectionTrait, no: MailingNo) -> Result<Option<Mailing>, DbErr> {
    sql::one(conn, "SELECT no, kind, brand_id, campaign_id, state, created_at FROM mailings WHERE no = $1", [no.into()])
        .await
}

/// Stops the mailing: from now on nothing of it is handed out, and nothing that was handed out is begun.
pub async fn hold(conn: &impl ConnectionTrait, no: MailingNo, actor: &Actor, now: DateTime<Utc>) -> Result<(), Error> {
    put(conn, no, MailingState::Held, Act::Hold, actor, now).await
}

/// Lets the mailing send: for the first time when it is built, or again after [`hold`].
pub async fn release(
    conn: &impl ConnectionTrait,
    no: MailingNo,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    put(conn, no, MailingState::Open, Act::Release, actor, now).await
}

/// Ends the mailing for good. What is still waiting in it is for [`skip_rest`](crate::skip_rest).
pub async fn close(conn: &impl ConnectionTrait, no: MailingNo, actor: &Actor, now: DateTime<Utc>) -> Result<(), Error> {
    put(conn, no, MailingState::Closed, Act::Close, actor, now).await
}

/// The mailing's state, which nobody changes before the caller's transaction ends: whoever closes a drained mailing at this
/// moment waits, and then sees what the transaction did.
pub(crate) async fn lock(conn: &impl ConnectionTrait, no: MailingNo) -> Result<Option<MailingState>, DbErr> {
    let row = sql::row(conn, "UPDATE mailings SET state = state WHERE no = $1 RETURNING state", [no.into()]).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Whether the mailing is fully built and the program has nothing left to do in it. What is in doubt waits for a person
/// and keeps nobody.
pub async fn is_drained(conn: &impl ConnectionTrait, no: MailingNo) -> Result<bool, Error> {
    let mailing = find(conn, no).await?.ok_or(Error::UnknownMailing(no))?;
    Ok(mailing.state != MailingState::Building && counts(conn, no).await?.open() == 0)
}

async fn put(
    conn: &impl ConnectionTrait,
    no: MailingNo,
    to: MailingState,
    act: Act,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    loop {
        let from = find(conn, no).await?.ok_or(Error::UnknownMailing(no))?.state;
        if from == to {
            return Ok(());
        }
        if !from.may_become(to) {
            return Err(InvalidMailingTransition { no, from, to }.into());
        }
        let sql = "UPDATE mailings SET state = $3 WHERE no = $1 AND state = $2";
        if sql::execute(conn, sql, [no.into(), from.into(), to.into()]).await? == 1 {
            return Ok(acts::note(conn, act, no, actor, now).await?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MailingState::{self, Building, Closed, Held, Open};

    #[test]
    fn the_whole_table() {
        for (from, to) in [
            (Building, vec![Building, Open, Closed]),
            (Open, vec![Open, Held, Closed]),
            (Held, vec![Open, Held, Closed]),
            (Closed, vec![Closed]),
        ] {
            let may: Vec<MailingState> = MailingState::ALL.into_iter().filter(|to| from.may_become(*to)).collect();
            assert_eq!(may, to, "{from}");
        }
    }

    #[test]
    fn a_state_survives_text() {
        for state in MailingState::ALL {
            assert_eq!(state.to_string().parse(), Ok(state));
        }
    }
}
