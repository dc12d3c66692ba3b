use domain::DnsRecord;

use crate::tags::Tags;
use crate::{Finding, LookupError, Resolver, Standing, Subject};

/// How many names the walk up the tree asks for at most (RFC 9989, "DNS Tree Walk").
const STEPS: usize = 8;

/// Whether there is a policy for the domain, its own or the one of a domain above it.
pub(super) async fn check(resolver: &Resolver, domain: &str) -> Result<Finding, LookupError> {
    let advice =
        DnsRecord::txt(format!("_dmarc.{domain}"), format!("v=DMARC1; p=none; rua=mailto:postmaster@{domain}"));
    for above in ancestors(domain).take(STEPS) {
        let name = format!("_dmarc.{above}");
        let texts = resolver.texts(&name).await?;
        let policies: Vec<&String> = texts.iter().filter(|text| is_policy(text)).collect();
        let finding = |standing, words: String| Finding::new(Subject::Dmarc, standing, &name, words);
        return Ok(match policies.as_slice() {
            [] => continue,
            [policy] => match judge(&Tags::of(policy)) {
                Ok((standing, words)) => finding(standing, words),
                Err(words) => finding(Standing::Wrong, words).publish(advice),
            },
            several => finding(Standing::Wrong, format!("there are {} policies, so none counts", several.len()))
                .publish(advice),
        });
    }
    let words = "there is no policy; large mailbox providers ask for one of whoever sends much";
    Ok(Finding::new(Subject::Dmarc, Standing::Wrong, &advice.name.clone(), words).publish(advice))
}

/// The domain, then each one above it down to two labels: a policy of a whole top-level domain is not ours to rely on.
fn ancestors(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |name| name.split_once('.').map(|(_, above)| above))
        .filter(|name| name.contains('.'))
}

/// The version stands first, with exactly this value; anything else at the name is somebody else's text.
fn is_policy(text: &str) -> bool {
    Tags::of(text).first() == Some(("v", "DMARC1"))
}

fn judge(policy: &Tags<'_>) -> Result<(Standing, String), String> {
    let asked = policy.get("p").map(str::to_ascii_lowercase);
    match asked.as_deref() {
        Some(asked @ ("none" | "quarantine" | "reject")) if policy.get("rua").is_some() => {
            Ok((Standing::Good, format!("the policy is {asked}, with reports")))
        }
        Some(asked @ ("none" | "quarantine" | "reject")) => {
            Ok((Standing::Warning, format!("the policy is {asked}, but nobody gets reports (rua=)")))
        }
        Some(other) => Err(format!("the policy {other:?} is none; there are none, quarantine and reject")),
        None => Err("the record states no policy (p=)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_goes_up_and_stops_below_the_top() {
        assert_eq!(
            ancestors("a.b.example.com").collect::<Vec<_>>(),
            ["a.b.example.com", "b.example.com", "example.com"]
        );
    }

    #[test]
    fn a_policy_is_judged_by_its_words() {
        let judge = |text| judge(&Tags::of(text)).ok().map(|(standing, _)| standing);
        assert_eq!(judge("v=DMARC1; p=none; rua=mailto:a@example.com"), Some(Standing::Good));
        assert_eq!(judge("v=DMARC1; p=Reject"), Some(Standing::Warning));
        assert_eq!(judge("v=DMARC1; p=maybe"), None);
        assert_eq!(judge("v=DMARC1"), None);
    }

    #[test]
    fn only_a_text_that_begins_with_the_version_is_a_policy() {
        assert!(is_policy("v=DMARC1; p=none"));
        assert!(is_policy("v = DMARC1 ;p=none"));
        for text in ["p=none; v=DMARC1", "v=DMARC2; p=none", "v=spf1 -all", ""] {
            assert!(!is_policy(text), "{text}");
        }
    }
}
