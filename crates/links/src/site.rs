use domain::{EmailAddress, InvalidAddress};
use url::Url;

use crate::person;

/// Where a brand's links live and where its mail comes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    base_url: Url,
    /// A mailbox at the domain that mail comes back to: the longest that we write, so that all others fit.
    longest: EmailAddress,
}

/// Why links cannot live at a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSite {
    /// A link must be something that a browser opens.
    #[error("{0} is no base for links; one looks like https://news.example.com")]
    BaseUrl(Url),
    /// No return path can be written there.
    #[error("{domain:?} is no domain for returned mail: {why}")]
    BounceDomain {
        /// The domain as it was given.
        domain: String,
        /// What is wrong with the longest address there.
        why: InvalidAddress,
    },
}

impl Site {
    /// Links below `base_url`, returned mail to `bounce_domain`.
    ///
    /// Whether `https` is asked for is the caller's decision; a demo on the own machine has none.
    pub fn new(base_url: Url, bounce_domain: &str) -> Result<Self, InvalidSite> {
        if !matches!(base_url.scheme(), "http" | "https") || !base_url.has_host() {
            return Err(InvalidSite::BaseUrl(base_url));
        }
        let longest = format!("{:x<1$}@{bounce_domain}", person::MAILTO, person::MAILTO_LENGTH);
        let longest: EmailAddress =
            longest.parse().map_err(|why| InvalidSite::BounceDomain { domain: bounce_domain.to_owned(), why })?;
        Ok(Self { base_url, longest })
    }

    /// What the links begin with.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The domain of the return paths, in A-labels.
    pub fn bounce_domain(&self) -> &str {
        self.longest.domain()
    }

    /// The link with `token` at one of the [paths](crate::path), below a path that the base may have itself.
    pub(crate) fn link(&self, path: &str, token: &str) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), path.replace("{token}", token)));
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    pub(crate) fn mailbox(&self, local_part: &str) -> Result<EmailAddress, InvalidAddress> {
        self.longest.neighbour(local_part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(base_url: &str, bounce_domain: &str) -> Result<Site, InvalidSite> {
        Site::new(base_url.parse().unwrap(), bounce_domain)
    }

    #[test]
    fn a_base_below_a_path_keeps_it_and_loses_what_is_behind() {
        for base in ["https://example.com/mail", "https://example.com/mail/", "https://example.com/mail?x=1#y"] {
            let link = site(base, "bounce.example.com").unwrap().link(crate::path::CONFIRM, "abc");
            assert_eq!(link.as_str(), "https://example.com/mail/confirm/abc");
        }
    }

    #[test]
    fn a_place_that_cannot_work_is_refused_when_it_is_stated() {
        assert!(matches!(site("mailto:a@example.com", "bounce.example.com"), Err(InvalidSite::BaseUrl(_))));
        for domain in ["localhost", "", "exa mple.com", "a@b.example", "x.example.com\r\nBcc: y"] {
            assert!(matches!(site("https://example.com", domain), Err(InvalidSite::BounceDomain { .. })), "{domain:?}");
        }
        let endless = format!("{}.example", vec!["a".repeat(60); 4].join("."));
        assert!(matches!(site("https://example.com", &endless), Err(InvalidSite::BounceDomain { .. })));
    }

    #[test]
    fn a_bounce_domain_is_kept_in_a_labels() {
        assert_eq!(site("https://example.com", "Rück.Example").unwrap().bounce_domain(), "xn--rck-hoa.example");
    }
}
