use domain::DnsRecord;

use super::SendingDomain;
use crate::{Finding, LookupError, MailHosts, Resolver, Standing, Subject};

/// Whether returned mail finds its way: an MX that names our host, and a host that has an address.
pub(super) async fn check(resolver: &Resolver, expected: &SendingDomain) -> Result<Finding, LookupError> {
    let domain = &expected.bounce_domain;
    let found = |standing, words: String| Finding::new(Subject::BounceMx, standing, domain, words);
    let wanted = expected.mail_host.as_deref().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
    let wrong = |words: String| match &wanted {
        Some(host) => found(Standing::Wrong, words).publish(DnsRecord::mx(domain, 10, host)),
        None => found(Standing::Wrong, format!("{words}; publish an MX that names the host that takes returned mail")),
    };
    let hosts = match resolver.mx(domain).await? {
        MailHosts::Hosts(hosts) => hosts,
        MailHosts::Itself => return Ok(itself(domain, wanted.as_deref(), found, wrong)),
        MailHosts::Refuses => return Ok(wrong("it says that it takes no mail (RFC 7505)".to_owned())),
        MailHosts::Missing => return Ok(wrong("it takes no mail: bounces and complaints would be lost".to_owned())),
    };
    if let Some(host) = &wanted
        && !hosts.contains(host)
    {
        return Ok(wrong(format!("returned mail goes to {}, not to {host}", hosts.join(", "))));
    }
    for host in &hosts {
        if !resolver.has_address(host).await? {
            return Ok(found(Standing::Wrong, format!("its MX names {host}, which has no address")));
        }
    }
    Ok(found(Standing::Good, format!("returned mail goes to {}", hosts.join(", "))))
}

/// No MX, but an address: mail goes there (RFC 5321 §5.1), which is enough if it is the right machine.
fn itself(
    domain: &str,
    wanted: Option<&str>,
    found: impl Fn(Standing, String) -> Finding,
    wrong: impl Fn(String) -> Finding,
) -> Finding {
    match wanted {
        Some(host) if host != domain => {
            wrong(format!("it has no MX, so returned mail goes to {domain}, not to {host}"))
        }
        _ => found(Standing::Good, "it has no MX, so returned mail goes to its own address".to_owned()),
    }
}
