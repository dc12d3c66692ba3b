use domain::MailingNo;
use url::Url;

use crate::delivery::{mailing_bytes, mailing_from};
use crate::{Links, Refused, Site, Unfit, path};

impl Links {
    /// The link to a mailing's page in the browser. It names nobody: the page shows no personal value.
    pub fn view_url(&self, site: &Site, mailing: MailingNo) -> Result<Url, Unfit> {
        Ok(site.link(path::VIEW, &self.view.sign(&mailing_bytes(mailing)?)))
    }

    /// The mailing that the token of a [view link](Self::view_url) names.
    pub fn read_view(&self, token: &str) -> Result<MailingNo, Refused> {
        self.view.read(token).map(mailing_from)
    }
}
