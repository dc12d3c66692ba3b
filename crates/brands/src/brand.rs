use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, EmailAddress, Locale};
use url::Url;

use crate::Error;
use crate::entity::brand::Model;

/// A sender identity: who a mail is from, how it looks, where its links and its returned mail go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// Its id.
    pub id: BrandId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The display name in From.
    pub from_name: String,
    /// The address in From.
    pub from_address: EmailAddress,
    /// Where answers go, if not to the address in From.
    pub reply_to: Option<EmailAddress>,
    /// The street address that every footer shows (16 CFR 316.2(p)), as many lines as it has.
    pub postal_address: String,
    /// The brand's own site.
    pub website: Option<Url>,
    /// The privacy policy that forms and footers point to.
    pub privacy_url: Option<Url>,
    /// The colour of buttons and rules: `#` and six hexadecimal digits.
    pub accent: String,
    /// The language of its system mails where the person's is not known.
    pub locale: Locale,
    /// The `d=` of its signatures.
    pub sending_domain: String,
    /// Where its return paths are: the sending domain or one below it.
    pub bounce_domain: String,
    /// What its links begin with.
    pub base_url: Url,
    /// How many soft failures suppress an address.
    pub soft_bounce_limit: i32,
    /// Over how many days at least they must be spread.
    pub soft_bounce_days: i32,
    /// Where alerts are mailed; nowhere if it is not said.
    pub alerts_address: Option<EmailAddress>,
    /// Whether links in mails to people who did not agree to be counted carry campaign and link, so that clicks are counted without saying
    /// whose they are.
    pub anonymous_clicks: bool,
    /// For how many days it is kept who opened and clicked, and from which network.
    pub hits_kept_days: i32,
    /// Grows by one with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: Actor,
}

impl TryFrom<Model> for Brand {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let url = |field, text: &str| text.parse::<Url>().map_err(|_| Error::Row { id: row.id, field });
        Ok(Self {
            base_url: url("base_url", &row.base_url)?,
            website: row.website.as_deref().map(|text| url("website", text)).transpose()?,
            privacy_url: row.privacy_url.as_deref().map(|text| url("privacy_url", text)).transpose()?,
            id: row.id,
            slug: row.slug,
            name: row.name,
            from_name: row.from_name,
            from_address: row.from_address,
            reply_to: row.reply_to,
            postal_address: row.postal_address,
            accent: row.accent,
            locale: row.locale,
            sending_domain: row.sending_domain,
            bounce_domain: row.bounce_domain,
            soft_bounce_limit: row.soft_bounce_limit,
            soft_bounce_days: row.soft_bounce_days,
            alerts_address: row.alerts_address,
            anonymous_clicks: row.anonymous_clicks,
            hits_kept_days: row.hits_kept_days,
            version: row.version,
            created_at: row.created_at,
            created_by: row.created_by,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        })
    }
}
