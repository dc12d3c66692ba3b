use std::fmt;

use domain::{EmailAddress, Locale, mail_domain};
use url::{Host, Url};

use crate::Brand;

/// A brand as it is to be: the fields that people may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Small letters, digits and hyphens; up to 40.
    pub slug: String,
    /// The name for people.
    pub name: String,
    /// The display name in From.
    pub from_name: String,
    /// The address in From: at the sending domain or below it, or DMARC fails for want of alignment (RFC 9989).
    pub from_address: EmailAddress,
    /// Where answers go, if not to the address in From.
    pub reply_to: Option<EmailAddress>,
    /// The street address for the footer.
    pub postal_address: String,
    /// The brand's own site.
    pub website: Option<Url>,
    /// The privacy policy.
    pub privacy_url: Option<Url>,
    /// `#` and six hexadecimal digits.
    pub accent: String,
    /// The language of its system mails.
    pub locale: Locale,
    /// The `d=` of its signatures.
    pub sending_domain: String,
    /// Where its return paths are: the sending domain or one below it, so that SPF aligns.
    pub bounce_domain: String,
    /// What its links begin with.
    pub base_url: Url,
    /// How many soft failures suppress an address: 1 to 100.
    pub soft_bounce_limit: i32,
    /// Over how many days at least they must be spread: 0 to 365.
    pub soft_bounce_days: i32,
    /// Where alerts are mailed, best at a provider that few recipients use: while it is left alone, they wait too.
    pub alerts_address: Option<EmailAddress>,
    /// Whether links in mails to people who did not agree to be counted carry campaign and link, so that clicks are counted without saying
    /// whose they are.
    pub anonymous_clicks: bool,
    /// For how many days it is kept who opened and clicked, and from which network: 1 to 365.
    pub hits_kept_days: i32,
}

/// One field that cannot be as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field.
    pub field: &'static str,
    /// What would be right.
    pub words: String,
}

/// Every field of a draft that cannot be as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// Buttons and links of a brand that has chosen no colour yet.
const ACCENT: &str = "#4338ca";

impl Draft {
    /// A brand that has chosen nothing beyond what it must: it writes in English, signs with the domain of its address, and
    /// gives a mailbox up after three soft failures over two weeks.
    pub fn new(slug: &str, name: &str, from_address: EmailAddress, postal_address: &str, base_url: Url) -> Self {
        let sending_domain = from_address.domain().to_owned();
        Self {
            slug: slug.to_owned(),
            name: name.to_owned(),
            from_name: name.to_owned(),
            from_address,
            reply_to: None,
            postal_address: postal_address.to_owned(),
            website: None,
            privacy_url: None,
            accent: ACCENT.to_owned(),
            locale: Locale::En,
            bounce_domain: format!("bounce.{sending_domain}"),
            sending_domain,
            base_url,
            soft_bounce_limit: 3,
            soft_bounce_days: 14,
            alerts_address: None,
            anonymous_clicks: false,
            hits_kept_days: 30,
        }
    }

    /// Brings the domains and the colour into the one form that they are kept in and says all that is wrong with the rest.
    pub(crate) fn checked(mut self) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut ask = |right: bool, field, words: &str| {
            if !right {
                problems.push(Problem { field, words: words.to_owned() });
            }
        };
        self.accent.make_ascii_lowercase();
        ask(is_slug(&self.slug), "slug", "must be 1 to 40 small letters, digits and hyphens");
        ask(is_line(&self.name, 100), "name", "must be one line of 1 to 100 characters");
        ask(is_line(&self.from_name, 100), "from_name", "must be one line of 1 to 100 characters");
        let ascii = "must have no letter beyond ASCII before its @: it stands in the header of every mail";
        ask(self.from_address.check_reachable().is_ok(), "from_address", ascii);
        ask(self.reply_to.as_ref().is_none_or(|to| to.check_reachable().is_ok()), "reply_to", ascii);
        ask(
            self.alerts_address.as_ref().is_none_or(|to| to.check_reachable().is_ok()),
            "alerts_address",
            "must have no letter beyond ASCII before its @: no mail reaches such an address from here",
        );
        ask(
            is_postal_address(&self.postal_address),
            "postal_address",
            "must be given, in at most 500 characters: the law asks for it in every mail",
        );
        ask(is_colour(&self.accent), "accent", "must be a colour such as #0b6e4f");
        ask(is_base(&self.base_url), "base_url", "must begin with https:// and have neither query nor fragment");
        ask(self.website.as_ref().is_none_or(is_web_page), "website", "must begin with https:// or http://");
        ask(self.privacy_url.as_ref().is_none_or(is_web_page), "privacy_url", "must begin with https:// or http://");
        ask((1..=100).contains(&self.soft_bounce_limit), "soft_bounce_limit", "must be from 1 to 100");
        ask((0..=365).contains(&self.soft_bounce_days), "soft_bounce_days", "must be from 0 to 365");
        ask((1..=365).contains(&self.hits_kept_days), "hits_kept_days", "must be from 1 to 365");
        match mail_domain(&self.sending_domain) {
            Err(_) => ask(false, "sending_domain", "must be a domain name such as example.com"),
            Ok(sending) => {
                let aligned = is_at_or_below(self.from_address.domain(), &sending);
                ask(aligned, "from_address", "must be at the sending domain or below it, or DMARC fails");
                match mail_domain(&self.bounce_domain) {
                    Ok(bounce) if is_at_or_below(&bounce, &sending) => self.bounce_domain = bounce,
                    _ => ask(
                        false,
                        "bounce_domain",
                        "must be the sending domain or one below it, such as bounce.example.com",
                    ),
                }
                self.sending_domain = sending;
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(Problems(problems)) }
    }
}

impl From<Brand> for Draft {
    fn from(brand: Brand) -> Self {
        Self {
            slug: brand.slug,
            name: brand.name,
            from_name: brand.from_name,
            from_address: brand.from_address,
            reply_to: brand.reply_to,
            postal_address: brand.postal_address,
            website: brand.website,
            privacy_url: brand.privacy_url,
            accent: brand.accent,
            locale: brand.locale,
            sending_domain: brand.sending_domain,
            bounce_domain: brand.bounce_domain,
            base_url: brand.base_url,
            soft_bounce_limit: brand.soft_bounce_limit,
            soft_bounce_days: brand.soft_bounce_days,
            alerts_address: brand.alerts_address,
            anonymous_clicks: brand.anonymous_clicks,
            hits_kept_days: brand.hits_kept_days,
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", problem.field, problem.words)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

fn is_slug(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
}

fn is_postal_address(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 500
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_web_page(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

/// Links in mails are private, so they are https; on this machine itself, where a demonstration runs, nobody listens.
fn is_base(url: &Url) -> bool {
    let private = match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    };
    private && url.query().is_none() && url.fragment().is_none()
}

fn is_at_or_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            from_name: "Acme news".to_owned(),
            from_address: "news@example.com".parse().unwrap(),
            reply_to: None,
            postal_address: "1 High Street\nLondon".to_owned(),
            website: None,
            privacy_url: None,
            accent: "#0B6E4F".to_owned(),
            locale: Locale::En,
            sending_domain: "Example.com".to_owned(),
            bounce_domain: "bounce.example.com".to_owned(),
            base_url: "https://news.example.com".parse().unwrap(),
            soft_bounce_limit: 3,
            soft_bounce_days: 14,
            alerts_address: None,
            anonymous_clicks: false,
            hits_kept_days: 30,
        }
    }

    fn fields(draft: Draft) -> Vec<&'static str> {
        draft
            .checked()
            .err()
            .map(|problems| problems.0.iter().map(|problem| problem.field).collect())
            .unwrap_or_default()
    }

    #[test]
    fn a_draft_that_chooses_nothing_is_good() {
        let (from, base) = ("news@example.com".parse().unwrap(), "https://news.example.com".parse().unwrap());
        let new = Draft::new("acme", "Acme", from, "1 High Street", base);
        assert_eq!(new.clone().checked(), Ok(new));
    }

    #[test]
    fn a_good_draft_is_kept_in_one_form() {
        let checked = draft().checked().unwrap();
        assert_eq!((checked.sending_domain.as_str(), checked.accent.as_str()), ("example.com", "#0b6e4f"));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = Draft {
            slug: "Two words".to_owned(),
            name: " ".to_owned(),
            from_name: "Acme\r\nBcc: x@example.com".to_owned(),
            postal_address: "\n".to_owned(),
            accent: "green".to_owned(),
            base_url: "ftp://example.com".parse().unwrap(),
            website: Some("javascript:alert(1)".parse().unwrap()),
            soft_bounce_limit: 0,
            ..draft()
        };
        assert_eq!(
            fields(wrong),
            ["slug", "name", "from_name", "postal_address", "accent", "base_url", "website", "soft_bounce_limit"]
        );
    }

    #[test]
    fn links_are_private_or_lead_to_this_machine() {
        let wrong = |base_url: &str| fields(Draft { base_url: base_url.parse().unwrap(), ..draft() });
        for base_url in ["https://example.com/news", "http://127.0.0.1:8025", "http://[::1]:8025", "http://localhost"] {
            assert_eq!(wrong(base_url), [""; 0], "{base_url}");
        }
        for base_url in ["http://example.com", "http://192.168.0.1", "http://localhost.example", "https://a.example/?b"]
        {
            assert_eq!(wrong(base_url), ["base_url"], "{base_url}");
        }
    }

    #[test]
    fn addresses_that_would_not_align_or_cannot_be_written_are_refused() {
        let elsewhere = Draft { from_address: "news@notexample.com".parse().unwrap(), ..draft() };
        assert_eq!(fields(elsewhere), ["from_address"]);
        let reply_to = "jörg@example.com".parse().ok();
        let alerts_address = "jörg@example.net".parse().ok();
        let unwritable =
            Draft { from_address: "jörg@example.com".parse().unwrap(), reply_to, alerts_address, ..draft() };
        assert_eq!(fields(unwritable), ["from_address", "reply_to", "alerts_address"]);
        let foreign = Draft { bounce_domain: "bounce.relay.example".to_owned(), ..draft() };
        assert_eq!(fields(foreign), ["bounce_domain"]);
        let none = Draft { sending_domain: "localhost".to_owned(), ..draft() };
        assert_eq!(fields(none), ["sending_domain"]);
    }
}
