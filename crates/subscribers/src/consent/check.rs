use std::collections::HashMap;

use domain::FormVersionId;
use sea_orm::ConnectionTrait;

use super::leaf::Envelope;
use super::proof::evidence_digest;
use super::record::kind;
use super::{Act, Digest, Problem, Proof};
use crate::entity::consent_event::Model;
use crate::form;
use crate::private::Private;

/// Looks at one entry after the other, and remembers what the forms say.
#[derive(Default)]
pub(super) struct Checker {
    words: HashMap<FormVersionId, Option<Digest>>,
}

/// What an entry looks like by itself.
pub(super) enum Looks {
    /// All there, and what was hashed.
    Whole(Box<Proof>),
    /// Its person was erased, or it says that one was.
    Erased,
    /// Not what was written.
    Wrong(Problem),
}

impl Checker {
    /// Whether evidence, person and form of an entry are what was hashed when it was written.
    pub(super) async fn look(&mut self, conn: &impl ConnectionTrait, row: &Model) -> Result<Looks, form::Error> {
        let wrong = Ok(Looks::Wrong(Problem::Evidence(row.id)));
        let (salt, evidence, subscriber) = match (&row.salt, &row.evidence, row.subscriber_id) {
            (Some(salt), Some(Private(evidence)), Some(subscriber)) => (salt, evidence, subscriber),
            (None, None, None) => return Ok(Looks::Erased),
            _ => return wrong,
        };
        if evidence_digest(salt, evidence).bytes() != row.evidence_digest {
            return wrong;
        }
        let Ok(proof) = Proof::from_canonical(evidence) else { return wrong };
        if proof.subscriber != subscriber || kind(&proof.actor) != row.actor_kind || row.act == Act::Erased {
            return wrong;
        }
        let words = match row.form_version_id {
            Some(version) => self.words(conn, version).await?.map(|words| words.to_string()),
            None => None,
        };
        if words != proof.words {
            return Ok(Looks::Wrong(Problem::Words(row.id)));
        }
        Ok(Looks::Whole(Box::new(proof)))
    }

    async fn words(&mut self, conn: &impl ConnectionTrait, id: FormVersionId) -> Result<Option<Digest>, form::Error> {
        if let Some(words) = self.words.get(&id) {
            return Ok(*words);
        }
        let words = match form::version(conn, id).await {
            Ok(Some(version)) => Some(version.digest()?),
            // Gone, or no form any more: then it is not what the person saw.
            Ok(None) | Err(form::Error::Row(_)) => None,
            Err(error) => return Err(error),
        };
        self.words.insert(id, words);
        Ok(words)
    }
}

/// The hash of an entry in the chain, whether or not its person was erased.
pub(super) fn leaf(row: &Model) -> Option<Digest> {
    let envelope = Envelope {
        id: row.id,
        at: row.at,
        act: row.act,
        brand: row.brand_id,
        topic: row.topic_id,
        form_version: row.form_version_id,
        basis: row.basis,
        actor_kind: row.actor_kind.clone(),
    };
    Some(envelope.leaf(&Digest::try_from(row.evidence_digest.as_slice()).ok()?))
}
