use domain::CampaignId;
use sea_orm::ConnectionTrait;
use serde::Serialize;

use crate::{CampaignStatus, Error, store};

/// How a campaign went, in numbers that were counted and not guessed.
///
/// "Delivered" is not among them: a relay's 250 says that it took the mail, and what follows shows only if it comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// Which campaign.
    pub campaign: CampaignId,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Everybody it was for: the sum of all of `submission`.
    pub audience: i64,
    /// Where the submission of each delivery stands.
    pub submission: Submission,
    /// What is known to have happened afterwards, in any of those states.
    pub facts: Facts,
    /// Taken by a relay, and nothing came back.
    pub sent_not_returned: i64,
}

/// Deliveries by the state of their submission. Every delivery is in exactly one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Submission {
    /// Waiting for a first attempt.
    pub queued: i64,
    /// With a relay at this moment.
    pub submitting: i64,
    /// Taken by a relay.
    pub sent: i64,
    /// Put off by a relay, to be tried again.
    pub deferred: i64,
    /// Refused for good, or given up.
    pub failed: i64,
    /// The connection broke when the mail may have been taken: held for a person to decide.
    pub in_doubt: i64,
    /// Not tried: the person may not be mailed any more, or the campaign was called off.
    pub skipped: i64,
}

/// Deliveries by what came back. One may stand in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Facts {
    /// A mail server returned them.
    pub bounced: i64,
    /// Their recipients complained.
    pub complained: i64,
}

/// The numbers of one campaign; all are nought before it is launched.
pub async fn report(conn: &impl ConnectionTrait, id: CampaignId) -> Result<Report, Error> {
    let campaign = store::find(conn, id).await?.ok_or(Error::NotFound(id))?;
    let counts = match campaign.mailing {
        Some(mailing) => outbox::counts(conn, mailing).await?,
        None => outbox::Counts::default(),
    };
    Ok(Report {
        campaign: id,
        status: campaign.status,
        audience: counts.audience(),
        submission: Submission {
            queued: counts.queued,
            submitting: counts.submitting,
            sent: counts.sent,
            deferred: counts.deferred,
            failed: counts.failed,
            in_doubt: counts.in_doubt,
            skipped: counts.skipped,
        },
        facts: Facts { bounced: counts.bounced, complained: counts.complained },
        // A mail may also come back while its submission is in doubt; a bounce then proves it sent, so it is in `sent`.
        sent_not_returned: (counts.sent - counts.bounced).max(0),
    })
}
