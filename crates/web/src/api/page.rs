use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;

/// Which part of a list is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// How many at most: 1 to 200, 50 unless said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// A part of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The part.
    pub(super) items: Vec<T>,
    /// What to send as `after` for the next part; none when this is the last.
    pub(super) next: Option<String>,
}

impl Paging {
    const USUAL: u32 = 50;
    const MOST: u32 = 200;

    /// How many to show.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        let limit = self.limit.unwrap_or(Self::USUAL);
        if (1..=Self::MOST).contains(&limit) {
            Ok(limit)
        } else {
            Err(Problem::bad_request(format!("limit is {limit}; it must be from 1 to {}", Self::MOST)))
        }
    }

    /// Where the page before ended.
    pub(super) fn after<K: FromStr>(&self) -> Result<Option<K>, Problem> {
        let read = |text: &String| {
            text.parse()
                .map_err(|_| Problem::bad_request(format!("after is {text:?}; take the next of the page before")))
        };
        self.after.as_ref().map(read).transpose()
    }
}

impl<T> Page<T> {
    /// A page of a list that was asked for one more than `limit`: if that one came, there is a next page.
    pub(super) fn new<R, K: Display>(
        mut rows: Vec<R>,
        limit: u32,
        key: impl Fn(&R) -> K,
        view: impl Fn(R) -> T,
    ) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| key(row).to_string());
        Self { items: rows.into_iter().map(view).collect(), next }
    }

    /// A list that is always short enough to be shown whole.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
