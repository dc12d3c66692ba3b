//! In which order an audience is written down: as it stands on file, or those first who have shown last that they want our mail.

use chrono::{DateTime, TimeDelta, Utc};
use domain::SubscriberId;
use limits::{WarmUp, warm_up};
use sea_orm::DatabaseTransaction;

use crate::{Campaign, Error};

/// A relay that is being warmed up. While it is, whoever's mail goes by it is written to in the order of how lately they answered: a
/// provider that gets to know it should see that its mail is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRelay {
    /// Its name.
    pub name: String,
    /// The short names of the brands whose mail it gets; of all, where there is none.
    pub brands: Vec<String>,
    /// By which plan.
    pub warm_up: WarmUp,
}

/// Those come first who have confirmed, opened, clicked or answered within so many days before the launch was due; then the next, and
/// everybody else in the end.
const BANDS: [i64; 3] = [7, 30, 90];

/// How far a launch has come.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    /// The band of the audience; nothing where there are none.
    pub(super) band: Option<i32>,
    /// The last subscriber that it has reached of it.
    pub(super) after: Option<SubscriberId>,
}

impl Stand {
    /// Since when those must have answered that are written down here; nothing where everybody is.
    pub(super) fn since(self, due: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let days = BANDS.get(usize::try_from(self.band?).ok()?)?;
        Some(due - TimeDelta::days(*days))
    }

    /// Where the next band begins; nothing behind the last.
    pub(super) fn next_band(self) -> Option<Self> {
        let next = self.band? + 1;
        (usize::try_from(next).is_ok_and(|next| next <= BANDS.len())).then_some(Self { band: Some(next), after: None })
    }
}

/// The band with which the launch of a campaign begins: none, unless its mail may go by a relay that is being warmed up.
pub(super) async fn first_band(
    txn: &DatabaseTransaction,
    campaign: &Campaign,
    relays: &[NewRelay],
    now: DateTime<Utc>,
) -> Result<Option<i32>, Error> {
    if relays.is_empty() {
        return Ok(None);
    }
    let Some(brand) = brands::find(txn, campaign.draft.brand).await? else { return Ok(None) };
    for relay in relays.iter().filter(|relay| relay.brands.is_empty() || relay.brands.contains(&brand.slug)) {
        if warm_up::is_under_way(txn, &relay.name, &relay.warm_up, now).await? {
            return Ok(Some(0));
        }
    }
    Ok(None)
}
