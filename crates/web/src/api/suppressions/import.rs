use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::BrandId;
use serde::{Deserialize, Serialize};
use subscribers::suppression::Reason;
use subscribers::suppression::import::{self, Import, Line, List};
use utoipa::{IntoParams, ToSchema};

use crate::WebState;
use crate::api::audit::NoEntry;
use crate::api::extract::{Csv, Json, Query};
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{May, SuppressionsWrite};

/// How many lines a request takes: it is one transaction, and others wait for it.
const MOST: usize = 2_000;

/// What holds for lines that do not say it, and whether it is done.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// For which brand; none for every one.
    brand: Option<BrandId>,
    /// Why; `imported` unless said.
    reason: Option<Reason>,
    /// Only find out what would become of it.
    #[serde(default)]
    dry_run: bool,
}

/// What became of a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedSuppressions)]
struct View {
    /// Whether nothing was done, and this is what would become of it.
    dry_run: bool,
    /// How many suppressions are new.
    added: u64,
    /// How many stood already.
    unchanged: u64,
    /// What was left out.
    refused: Vec<Refused>,
}

/// A line that was left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedSuppression)]
struct Refused {
    /// Where it begins, the heading being 1.
    line: u64,
    /// What is wrong with it.
    why: String,
}

/// Suppresses the addresses of a list
///
/// Needs `suppressions:write`. The body is CSV whose first line names the columns: `address`, or `hash` with `scheme` and `generation`
/// as an export has them; and, where a line differs from the query, `brand` (its slug), `reason` and `detail`. At most 2,000 lines and what the
/// server takes as a body. Lines that cannot be taken are told and left out, the others are one transaction. It only adds: what stands
/// already is enough, and nothing is lifted. So it may be sent again.
#[utoipa::path(
    post,
    path = "/api/v1/suppressions/import",
    operation_id = "import_suppression",
    tag = "suppressions",
    params(Asked, Once),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What became of it.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<SuppressionsWrite>,
    State(state): State<WebState>,
    Query(asked): Query<Asked>,
    Csv(text): Csv,
) -> Result<Response, Problem> {
    let brands = brands::list(state.db.reader()).await?;
    if let Some(brand) = asked.brand
        && !brands.iter().any(|known| known.id == brand)
    {
        return Err(Problem::field("brand", "names no brand"));
    }
    let list = List {
        brand: asked.brand,
        reason: asked.reason.unwrap_or(Reason::Imported),
        brands: brands.into_iter().map(|brand| (brand.slug, brand.id)).collect(),
    };
    let lines = import::lines(&text, &list, &state.keys).map_err(Problem::invalid)?;
    let lines: Vec<Line> = lines.take(MOST + 1).collect();
    if lines.len() > MOST {
        return Err(Problem::too_large(format!(
            "a list has at most {MOST} lines; send it in several, or use the command"
        )));
    }
    let (actor, now) = (caller.actor(), state.now());
    let import = Import::new(&state.keys, &actor, asked.dry_run);
    let report = if asked.dry_run {
        import.in_one(state.db.reader(), lines, now).await?
    } else {
        let txn = state.db.begin().await?;
        let report = import.in_one(&txn, lines, now).await?;
        txn.commit().await?;
        report
    };
    let refused = report.refused.into_iter().map(|(line, why)| Refused { line, why: why.to_string() }).collect();
    let view = View { dry_run: asked.dry_run, added: report.added, unchanged: report.unchanged, refused };
    let mut answer = Json(view).into_response();
    if asked.dry_run {
        answer.extensions_mut().insert(NoEntry);
    }
    Ok(answer)
}
