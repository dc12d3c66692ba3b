use domain::{AccessId, OptInId};
use url::Url;

use crate::{Links, Refused, Site, path};

impl Links {
    /// The link that confirms an opt-in: a page with one button.
    pub fn confirm_url(&self, site: &Site, opt_in: OptInId) -> Url {
        site.link(path::CONFIRM, &self.confirm.sign(&opt_in.to_bytes()))
    }

    /// The opt-in that the token of a [confirm link](Self::confirm_url) names.
    pub fn read_confirm(&self, token: &str) -> Result<OptInId, Refused> {
        self.confirm.read(token).map(OptInId::from_bytes)
    }

    /// The single-use link that proves that its reader reads the address's mail. That it is used once and in time is for the
    /// row behind the id to see to.
    pub fn access_url(&self, site: &Site, access: AccessId) -> Url {
        site.link(path::ACCESS, &self.access.sign(&access.to_bytes()))
    }

    /// What the token of an [access link](Self::access_url) names.
    pub fn read_access(&self, token: &str) -> Result<AccessId, Refused> {
        self.access.read(token).map(AccessId::from_bytes)
    }
}
