//! The list as CSV (RFC 4180), for another installation with the same master keys, or for whoever wants to count.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use domain::{BrandId, SuppressionId, csv_field};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Filter;
use super::store::matching;
use crate::entity::suppression::{Column, Entity, Model};

/// The first line, which names the columns.
pub const HEADER: &str =
    "hash,scheme,generation,brand,reason,detail,created_at,created_by,lifted_at,lifted_by,lifted_why\r\n";

/// How many lines are read at a time.
const PAGE: u64 = 500;

/// Some lines of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// As CSV, with their ends.
    pub text: String,
    /// The last of them.
    pub last: SuppressionId,
}

/// The next few hundred lines, behind `after`; none when those were all. `brands` has the brands' slugs.
pub async fn lines(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    brands: &HashMap<BrandId, String>,
    after: Option<SuppressionId>,
) -> Result<Option<Lines>, DbErr> {
    let page = Entity::find().filter(matching(filter, after)).order_by_asc(Column::Id).limit(PAGE);
    let rows = page.all(conn).await?;
    let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
    Ok(Some(Lines { text: rows.iter().map(|row| line(row, brands)).collect(), last }))
}

fn line(row: &Model, brands: &HashMap<BrandId, String>) -> String {
    // A brand that came while this is written has its id, which no import takes for a slug.
    let brand = |id: BrandId| brands.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let fields = [
        HEXLOWER.encode(&row.hash),
        row.scheme.to_string(),
        row.generation.0.to_string(),
        row.brand_id.map(brand).unwrap_or_default(),
        row.reason.to_string(),
        row.detail.clone(),
        time(Some(row.created_at)),
        row.created_by.to_string(),
        time(row.lifted_at),
        row.lifted_by.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.lifted_why.clone().unwrap_or_default(),
    ];
    fields.map(|field| csv_field(&field)).join(",") + "\r\n"
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}
