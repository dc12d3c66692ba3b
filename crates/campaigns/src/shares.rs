//! How much of a campaign has gone wrong since it was launched, or since somebody resumed it.

use chrono::{DateTime, Utc};
use database::sql;
use domain::{CampaignId, MailingNo};
use limits::Share;
use outbox::ledger::Entry;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use verdict::Class;

use crate::decide::is_of;

/// What is kept of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Shares {
    /// Since when it counts; since the launch if nobody resumed it.
    pub(crate) since: Option<DateTime<Utc>>,
    /// Messages that found no mailbox, at once or later.
    pub(crate) hard: i64,
    /// Messages that were complained about.
    pub(crate) complained: i64,
    /// Messages that were refused for what they say, at once or later, and the last words of that.
    pub(crate) content: i64,
    pub(crate) content_words: Option<String>,
    /// When somebody resumed it who had been told those words.
    pub(crate) content_read_at: Option<DateTime<Utc>>,
    attempts_before: i64,
    unfit_before: i64,
}

/// A campaign's figures at one moment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) hard: Share,
    pub(crate) complained: Share,
    pub(crate) unfit: Share,
    pub(crate) content: Share,
}

/// What has gone wrong since the last time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct More {
    pub(crate) hard: i64,
    pub(crate) complained: i64,
    pub(crate) content: i64,
    /// The last words of a refusal for what the message says.
    pub(crate) words: Option<String>,
}

impl More {
    pub(crate) const fn is_nothing(&self) -> bool {
        self.hard + self.complained + self.content == 0
    }
}

/// What is kept of a campaign; nothing has gone wrong with one of which nothing is.
pub(crate) async fn find(conn: &impl ConnectionTrait, id: CampaignId) -> Result<Shares, DbErr> {
    let sql = "SELECT since, hard, complained, content, content_words, content_read_at, attempts_before, unfit_before \
         FROM campaign_shares WHERE campaign_id = $1";
    Ok(sql::one(conn, sql, [id.into()]).await?.unwrap_or_default())
}

/// Adds what has gone wrong.
pub(crate) async fn add(conn: &impl ConnectionTrait, id: CampaignId, more: More) -> Result<(), DbErr> {
    let sql = "INSERT INTO campaign_shares (campaign_id, hard, complained, content, content_words) \
               VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (campaign_id) DO UPDATE SET hard = campaign_shares.hard + excluded.hard, \
                   complained = campaign_shares.complained + excluded.complained, \
                   content = campaign_shares.content + excluded.content, \
                   content_words = COALESCE(excluded.content_words, campaign_shares.content_words)";
    let More { hard, complained, content, words } = more;
    sql::execute(conn, sql, [id.into(), hard.into(), complained.into(), content.into(), words.into()]).await.map(drop)
}

/// Counts anew from now on: what went wrong before has been looked at by whoever resumes the campaign. Words about what it says that
/// nobody was told, because it was stopped for something else, stay.
pub(crate) async fn begin_anew(
    conn: &impl ConnectionTrait,
    id: CampaignId,
    mailing: MailingNo,
    is_content_read: bool,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (before, unfit) = (ended(conn, mailing).await?, outbox::recent::unfit(conn, mailing).await?);
    let read_at = is_content_read.then_some(now);
    let sql = "INSERT INTO campaign_shares (campaign_id, since, attempts_before, unfit_before, content_read_at) \
               VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (campaign_id) DO UPDATE SET since = excluded.since, hard = 0, complained = 0, \
                   content = CASE WHEN COALESCE(excluded.content_read_at, campaign_shares.content_read_at) IS NULL \
                                  THEN campaign_shares.content ELSE 0 END, \
                   content_words = CASE WHEN COALESCE(excluded.content_read_at, campaign_shares.content_read_at) IS NULL \
                                        THEN campaign_shares.content_words END, \
                   content_read_at = COALESCE(excluded.content_read_at, campaign_shares.content_read_at), \
                   attempts_before = excluded.attempts_before, unfit_before = excluded.unfit_before";
    sql::execute(conn, sql, [id.into(), now.into(), before.into(), unfit.into(), read_at.into()]).await.map(drop)
}

/// Deliveries that had ended are sent again: they count as new, once they end. Those that were over when somebody resumed the campaign
/// are no longer among those before it; of the later ones, those that had found no mailbox, or were refused for what
/// they say, are no longer among these.
pub(crate) async fn take_back(conn: &impl ConnectionTrait, id: CampaignId, moved: &[&Entry]) -> Result<(), DbErr> {
    let since = find(conn, id).await?.since;
    let is_old = |entry: &&&Entry| since.is_some_and(|since| entry.last.as_ref().is_none_or(|last| last.at <= since));
    let (old, new): (Vec<&&Entry>, Vec<&&Entry>) = moved.iter().partition(is_old);
    let of = |class| new.iter().filter(|entry| is_of(entry, class)).count();
    let sql = "UPDATE campaign_shares SET hard = CASE WHEN hard > $2 THEN hard - $2 ELSE 0 END, \
                   content = CASE WHEN content > $4 THEN content - $4 ELSE 0 END, \
                   content_words = CASE WHEN content > $4 THEN content_words END, \
                   attempts_before = CASE WHEN attempts_before > $3 THEN attempts_before - $3 ELSE 0 END \
               WHERE campaign_id = $1";
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (hard, content) = (number(of(Class::Hard)), number(of(Class::Content)));
    sql::execute(conn, sql, [id.into(), hard.into(), number(old.len()).into(), content.into()]).await.map(drop)
}

impl Shares {
    /// The figures of the campaign's mailing.
    pub(crate) async fn whole(&self, conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<Whole, DbErr> {
        let tried = number(ended(conn, mailing).await? - self.attempts_before);
        let unfit = number(outbox::recent::unfit(conn, mailing).await? - self.unfit_before);
        Ok(Whole {
            hard: Share { count: number(self.hard), of: tried },
            complained: Share { count: number(self.complained), of: tried },
            content: Share { count: number(self.content), of: tried },
            unfit: Share { count: unfit, of: tried.saturating_add(unfit) },
        })
    }
}

/// The deliveries of a mailing of which an answer has come that stands. What is deferred is not among them: it is tried again, and what
/// then goes wrong with it counts as new.
async fn ended(conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<i64, DbErr> {
    let counts = outbox::counts(conn, mailing).await?;
    Ok(counts.sent + counts.failed + counts.in_doubt)
}

fn number(count: i64) -> u32 {
    u32::try_from(count.max(0)).unwrap_or(u32::MAX)
}
