use std::fmt;
use std::str::FromStr;

use url::Url;

/// A topic by its full name: `arn:aws:sns:eu-west-1:123456789012:bounces`, or `arn:scw:sns:fr-par:project-…:bounces`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    arn: String,
    cloud: Cloud,
    region: String,
}

/// Why a text names no topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no topic; one looks like arn:aws:sns:eu-west-1:123456789012:bounces")]
pub struct InvalidTopic(String);

/// Whose topic it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cloud {
    Amazon,
    /// Amazon's regions in China have a domain of their own.
    AmazonInChina,
    Scaleway,
}

/// A place from which something may be fetched: always over https, from the cloud's own host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(super) host: String,
    /// Path and query.
    pub(super) target: String,
}

impl Topic {
    pub(crate) fn as_str(&self) -> &str {
        &self.arn
    }

    pub(crate) const fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// Where the certificate of a signature is, if that is the cloud's own place.
    pub(super) fn certificate(&self, url: &str) -> Option<Place> {
        let host = match self.cloud {
            Cloud::Amazon | Cloud::AmazonInChina => self.host(),
            // A bucket of Scaleway's own, in one region for all.
            Cloud::Scaleway => "messaging.s3.fr-par.scw.cloud".to_owned(),
        };
        let place = Place::read(url, &host)?;
        let name = place.target.rsplit('/').next()?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = match self.cloud {
            Cloud::Amazon | Cloud::AmazonInChina => {
                place.target == format!("/{name}") && name.starts_with("SimpleNotificationService-")
            }
            Cloud::Scaleway => true,
        };
        (fits && name.ends_with(".pem") && name.len() <= 200 && name.bytes().all(is_plain)).then_some(place)
    }

    /// Where a subscription to this topic is confirmed, if that is the cloud's own place and about this topic.
    pub(super) fn confirmation(&self, url: &str) -> Option<Place> {
        let place = Place::read(url, &self.host())?;
        let url = Url::parse(url).ok()?;
        let asks = |name: &str| {
            let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value);
            values.next().filter(|_| values.next().is_none())
        };
        let is_ours = url.path() == "/"
            && asks("Action").as_deref() == Some("ConfirmSubscription")
            && asks("TopicArn").as_deref() == Some(&self.arn)
            && asks("Token").is_some();
        is_ours.then_some(place)
    }

    fn host(&self) -> String {
        match self.cloud {
            Cloud::Amazon => format!("sns.{}.amazonaws.com", self.region),
            Cloud::AmazonInChina => format!("sns.{}.amazonaws.com.cn", self.region),
            Cloud::Scaleway => format!("sns.mnq.{}.scaleway.com", self.region),
        }
    }
}

impl Place {
    /// Reads an address that has to be at this host.
    fn read(text: &str, host: &str) -> Option<Self> {
        if text.len() > 2_000 || !text.is_ascii() {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let is_pinned = url.scheme() == "https"
            && url.host_str() == Some(host)
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none();
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        is_pinned.then(|| Self { host: host.to_owned(), target })
    }
}

impl FromStr for Topic {
    type Err = InvalidTopic;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidTopic(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "sns", region, account, name] = parts[..] else { return Err(invalid()) };
        let cloud = match partition {
            "aws" | "aws-us-gov" => Cloud::Amazon,
            "aws-cn" => Cloud::AmazonInChina,
            "scw" => Cloud::Scaleway,
            _ => return Err(invalid()),
        };
        // They become part of a host's name.
        let is_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = !region.is_empty()
            && region.bytes().all(is_label)
            && !account.is_empty()
            && account.bytes().all(is_label)
            && !name.is_empty()
            && name.bytes().all(is_name);
        if !fits {
            return Err(invalid());
        }
        Ok(Self { arn: text.to_owned(), cloud, region: region.to_owned() })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic() -> Topic {
        "arn:aws:sns:eu-west-1:123456789012:bounces".parse().unwrap()
    }

    #[test]
    fn a_certificate_is_fetched_from_the_regions_own_host_only() {
        let right = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem";
        let place = topic().certificate(right).unwrap();
        assert_eq!(
            (place.host.as_str(), place.target.as_str()),
            ("sns.eu-west-1.amazonaws.com", "/SimpleNotificationService-0123abcd.pem")
        );
        for wrong in [
            right.replace("https", "http"),
            right.replace("eu-west-1", "us-east-1"),
            right.replace("amazonaws.com", "amazonaws.com.example.com"),
            right.replace("amazonaws.com", "amazonaws.com."),
            right.replace("sns.", "sns.evil."),
            right.replace("sns.", "s3."),
            right.replace("//sns", "//sns.eu-west-1.amazonaws.com@example.com/sns"),
            right.replace("//sns", "//user:pw@sns"),
            right.replace(".com/", ".com:8443/"),
            right.replace(".com/", ".com/other/"),
            right.replace("SimpleNotificationService-", "Other-"),
            right.replace(".pem", ".txt"),
            format!("{right}?x=1"),
            format!("{right}#x"),
            format!(" {right}x"),
            right.replace("sns", "ѕns"),
            "file:///etc/passwd".to_owned(),
            "https://169.254.169.254/SimpleNotificationService-0.pem".to_owned(),
            String::new(),
        ] {
            assert_eq!(topic().certificate(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_subscription_is_confirmed_to_our_topic_at_its_own_host_only() {
        let right = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:123456789012:bounces&Token=2336";
        assert!(topic().confirmation(right).is_some());
        for wrong in [
            right.replace("https", "http"),
            right.replace("//sns", "//example.com/sns"),
            right.replace("ConfirmSubscription", "DeleteTopic"),
            right.replace("bounces", "others"),
            right.replace("Token", "Tokens"),
            format!("{right}&Action=DeleteTopic"),
            right.replace("/?", "/x?"),
            right.replace("amazonaws.com", "amazonaws.com.cn"),
        ] {
            assert_eq!(topic().confirmation(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn scaleway_has_places_of_its_own() {
        let topic: Topic = "arn:scw:sns:fr-par:project-8c8bfa06:mailer-events".parse().unwrap();
        assert!(topic.certificate("https://messaging.s3.fr-par.scw.cloud/fr-par/sns/sns-1.pem").is_some());
        for wrong in [
            "https://other.s3.fr-par.scw.cloud/fr-par/sns/sns-1.pem",
            "https://sns.fr-par.amazonaws.com/SimpleNotificationService-0.pem",
            "http://messaging.s3.fr-par.scw.cloud/fr-par/sns/sns-1.pem",
        ] {
            assert_eq!(topic.certificate(wrong), None, "{wrong}");
        }
        let confirm = "https://sns.mnq.fr-par.scaleway.com/?Action=ConfirmSubscription&Token=1&TopicArn=arn%3Ascw%3Asns%3Afr-par%3Aproject-8c8bfa06%3Amailer-events";
        assert!(topic.confirmation(confirm).is_some());
    }

    #[test]
    fn a_topic_is_named_in_full() {
        for wrong in [
            "",
            "bounces",
            "arn:aws:sqs:eu-west-1:123456789012:bounces",
            "arn:aws:sns:eu-west-1.example.com/:123456789012:bounces",
            "arn:aws:sns::123456789012:bounces",
            "arn:aws:sns:eu-west-1:123456789012:bounces:0123",
            "arn:other:sns:eu-west-1:123456789012:bounces",
        ] {
            assert!(wrong.parse::<Topic>().is_err(), "{wrong}");
        }
    }
}
