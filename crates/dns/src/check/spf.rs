mod record;
mod walk;

use domain::DnsRecord;

use self::record::{Record, is_spf, merged};
use self::walk::walk;
use super::SendingDomain;
use crate::{Finding, LookupError, Resolver, Standing, Subject};

/// RFC 7208 §4.6.4: so many terms that need the DNS, and so many look-ups that find nothing, then a verifier gives up.
const MOST_LOOKUPS: usize = 10;
const MOST_VOIDS: usize = 2;

/// Whether the bounce domain, which is what SPF is asked of, has one record that a verifier can evaluate.
pub(super) async fn check(resolver: &Resolver, expected: &SendingDomain) -> Result<Finding, LookupError> {
    let domain = &expected.bounce_domain;
    let found = |standing, words: String| Finding::new(Subject::Spf, standing, domain, words);
    let mut texts = resolver.texts(domain).await?;
    texts.retain(|text| is_spf(text));
    let text = match texts.as_slice() {
        [text] => text,
        [] => {
            let words = "there is no record; this one is right if mail leaves from the host that takes returned mail, \
                         otherwise put the relay's addresses (ip4:, ip6:) or its include: in place of mx";
            return Ok(found(Standing::Wrong, words.to_owned()).publish(DnsRecord::txt(domain, "v=spf1 mx -all")));
        }
        several => {
            let words = format!("there are {} records, so none counts (RFC 7208 §4.5); keep one", several.len());
            return Ok(found(Standing::Wrong, words).publish(DnsRecord::txt(domain, merged(several))));
        }
    };
    let record = match Record::parse(text) {
        Ok(record) => record,
        Err(term) => return Ok(found(Standing::Wrong, format!("{term:?} is no term of SPF (RFC 7208 §4.6)"))),
    };
    let cost = match walk(resolver, domain, record.clone()).await? {
        Ok(cost) => cost,
        Err(words) => return Ok(found(Standing::Wrong, words)),
    };
    let (standing, words) = if cost.lookups > MOST_LOOKUPS {
        (
            Standing::Wrong,
            format!("it takes more than {MOST_LOOKUPS} look-ups, so it counts as broken (RFC 7208 §4.6.4)"),
        )
    } else if cost.voids > MOST_VOIDS {
        (Standing::Wrong, format!("{} of its names do not exist; a verifier gives up after {MOST_VOIDS}", cost.voids))
    } else if record.lets_anybody() {
        (Standing::Wrong, "it lets anybody send (+all)".to_owned())
    } else if record.lets_nobody() {
        (Standing::Wrong, "it lets nobody send; name the hosts that mail leaves from".to_owned())
    } else if record.is_open_ended() {
        (Standing::Warning, "it says nothing about other senders; end it with -all or ~all".to_owned())
    } else {
        (Standing::Good, format!("one record, {} of {MOST_LOOKUPS} look-ups", cost.lookups))
    };
    Ok(found(standing, words))
}
