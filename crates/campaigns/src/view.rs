use domain::MailingNo;
use renderer::Rendered;
use sea_orm::ConnectionTrait;

use crate::{Error, letter, store};

/// A mailing's page in the browser: the mail as everybody may see it, without a personal value or a personal link. None for
/// a mailing that is no campaign's.
pub async fn view(conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<Option<Rendered>, Error> {
    let Some(campaign) = store::find_by_mailing(conn, mailing).await? else { return Ok(None) };
    let letter = letter::letter(conn, campaign.id).await?;
    Ok(Some(letter.segments.compiled().render_public()?))
}
