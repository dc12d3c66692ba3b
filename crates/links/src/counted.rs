use domain::{DeliveryKey, MailingNo};
use url::Url;

use crate::delivery::{mailing_bytes, mailing_from, pack, unpack};
use crate::{Links, Refused, Site, Unfit, path};

/// Where a link stands that is counted without saying whose mail it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Anonymous {
    /// The mailing.
    pub mailing: MailingNo,
    /// Which of the campaign's letters; 0 where there is but one.
    pub variant: u8,
}

/// What stands behind the token of a followed link, on its path.
const NUMBER: &str = "/{link}";

impl Links {
    /// What the links of a delivery begin with; behind a slash follows a link's number in the campaign's frozen document, which alone
    /// says where it leads.
    pub fn click_url(&self, site: &Site, key: DeliveryKey) -> Result<Url, Unfit> {
        Ok(site.link(path::CLICK.trim_end_matches(NUMBER), &self.click.sign(&pack(key)?)))
    }

    /// The delivery that the token of a [followed link](Self::click_url) names.
    pub fn read_click(&self, token: &str) -> Result<DeliveryKey, Refused> {
        self.click.read(token).map(unpack)
    }

    /// The same for links that name nobody.
    pub fn anonymous_click_url(&self, site: &Site, place: Anonymous) -> Result<Url, Unfit> {
        let mut payload = [0; 5];
        payload[..4].copy_from_slice(&mailing_bytes(place.mailing)?);
        payload[4] = place.variant;
        Ok(site.link(path::ANONYMOUS_CLICK.trim_end_matches(NUMBER), &self.anonymous_click.sign(&payload)))
    }

    /// Where the token of a [link that names nobody](Self::anonymous_click_url) stands.
    pub fn read_anonymous_click(&self, token: &str) -> Result<Anonymous, Refused> {
        let [a, b, c, d, variant] = self.anonymous_click.read(token)?;
        Ok(Anonymous { mailing: mailing_from([a, b, c, d]), variant })
    }

    /// The picture that says that a delivery was opened.
    pub fn open_url(&self, site: &Site, key: DeliveryKey) -> Result<Url, Unfit> {
        Ok(site.link(path::OPEN, &self.open.sign(&pack(key)?)))
    }

    /// The delivery that the token of [such a picture](Self::open_url) names.
    pub fn read_open(&self, token: &str) -> Result<DeliveryKey, Refused> {
        self.open.read(token).map(unpack)
    }
}
