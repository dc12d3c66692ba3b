use hickory_resolver::proto::rr::RecordType;

use super::record::{Record, Term, is_spf};
use super::{MOST_LOOKUPS, MOST_VOIDS};
use crate::resolver::Answer;
use crate::{LookupError, Resolver};

/// What a record costs a verifier that meets nobody it names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// Terms that need the DNS, in the record and in all that it includes.
    pub(super) lookups: usize,
    /// Those of them that found nothing.
    pub(super) voids: usize,
}

/// Follows every include and redirect and counts, or says what breaks on the way. It stops where a verifier would, which also
/// ends records that include one another.
pub(super) async fn walk(
    resolver: &Resolver,
    domain: &str,
    record: Record,
) -> Result<Result<Cost, String>, LookupError> {
    let mut cost = Cost::default();
    let mut open = vec![(domain.to_owned(), record)];
    while let Some((domain, record)) = open.pop() {
        for term in record.in_effect().cloned() {
            cost.lookups += usize::from(!matches!(term, Term::All(_) | Term::Plain));
            if cost.lookups > MOST_LOOKUPS || cost.voids > MOST_VOIDS {
                return Ok(Ok(cost));
            }
            match term {
                // What a macro stands for is only known when a mail comes (RFC 7208 §7).
                Term::Include(name) | Term::Redirect(name) if !name.contains('%') => {
                    match record_of(resolver, &name).await? {
                        Ok(record) => open.push((name, record)),
                        Err(words) => return Ok(Err(words)),
                    }
                }
                Term::A(name) => {
                    let name = name.unwrap_or_else(|| domain.clone());
                    cost.voids += usize::from(!name.contains('%') && !resolver.has_address(&name).await?);
                }
                Term::Mx(name) => {
                    let name = name.unwrap_or_else(|| domain.clone());
                    let void = !name.contains('%')
                        && !matches!(resolver.ask(&name, RecordType::MX).await?, Answer::Records(_));
                    cost.voids += usize::from(void);
                }
                Term::Include(_) | Term::Redirect(_) | Term::All(_) | Term::Other | Term::Plain => {}
            }
        }
    }
    Ok(Ok(cost))
}

/// The record that is included. RFC 7208 §5.2: where there is none, or more than one, the whole evaluation fails.
async fn record_of(resolver: &Resolver, name: &str) -> Result<Result<Record, String>, LookupError> {
    let mut texts = resolver.texts(name).await?;
    texts.retain(|text| is_spf(text));
    Ok(match texts.as_slice() {
        [text] => {
            Record::parse(text).map_err(|term| format!("the record of {name}, which it includes, holds {term:?}"))
        }
        [] => Err(format!("it includes {name}, which has no record")),
        several => Err(format!("it includes {name}, which has {} records", several.len())),
    })
}
