use std::net::IpAddr;

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, ConsentEventId, FormVersionId, SubscriberId, TopicId};
use serde::Serialize;
use subscribers::Basis;
use subscribers::consent::{self, Act, Proof, Shown};
use utoipa::ToSchema;

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersRead};

/// One entry of the consent ledger with what proves it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentEvent)]
pub(super) struct View {
    id: ConsentEventId,
    /// Its place in the sealed chain; none until the sealer has come by.
    seq: Option<i64>,
    at: DateTime<Utc>,
    act: Act,
    brand: BrandId,
    topic: Option<TopicId>,
    basis: Option<Basis>,
    /// The version of the form as the person saw it.
    form_version: Option<FormVersionId>,
    /// By what it is proved; none where that was removed.
    proof: Option<ProofView>,
    /// Whether entry, evidence and words are what was hashed when it was written.
    intact: bool,
}

/// By what an entry is proved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentProof)]
struct ProofView {
    #[schema(value_type = String)]
    actor: Actor,
    /// The words that they agreed to.
    words: Option<String>,
    /// By which door.
    source: Option<String>,
    #[schema(value_type = Option<String>)]
    ip: Option<IpAddr>,
    user_agent: Option<String>,
    /// What whoever did it said.
    note: Option<String>,
}

impl From<Shown> for View {
    fn from(entry: Shown) -> Self {
        Self {
            id: entry.id,
            seq: entry.seq,
            at: entry.at,
            act: entry.act,
            brand: entry.brand,
            topic: entry.topic.map(|topic| topic.id),
            basis: entry.basis,
            form_version: entry.form.map(|version| version.id),
            proof: entry.proof.map(ProofView::from),
            intact: entry.intact,
        }
    }
}

impl From<Proof> for ProofView {
    fn from(proof: Proof) -> Self {
        let Proof { actor, words, source, ip, user_agent, note, .. } = proof;
        Self { actor, words, source, ip, user_agent, note }
    }
}

/// What a person agreed to, and by what it is proved
///
/// Needs `subscribers:read`.
#[utoipa::path(
    get,
    path = "/api/v1/subscribers/{id}/consent",
    operation_id = "show_consent",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person.")),
    responses((status = 200, description = "Every entry, oldest first.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<SubscribersRead>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
) -> Result<Json<Page<View>>, Problem> {
    let person = super::find(&state, id).await?;
    let entries = consent::show(state.db.reader(), &person.email).await?.unwrap_or_default();
    Ok(Json(Page::whole(entries.into_iter().map(View::from).collect())))
}
