use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An SPF record, as far as the check needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) terms: Vec<Term>,
}

/// A term of a record (RFC 7208 §4.6.1). A domain is none where the record's own is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// Everybody else, with the qualifier.
    All(char),
    /// Somebody else's record is asked.
    Include(String),
    /// Somebody else's record is asked instead.
    Redirect(String),
    /// The hosts with the addresses of a name.
    A(Option<String>),
    /// The mail hosts of a name.
    Mx(Option<String>),
    /// Another term that needs the DNS: `ptr`, `exists`.
    Other,
    /// A term that does not: addresses, unknown modifiers.
    Plain,
}

/// RFC 7208 §4.5: the version, then a blank or the end.
pub(super) fn is_spf(text: &str) -> bool {
    text.split(' ').next().is_some_and(|version| version.eq_ignore_ascii_case("v=spf1"))
}

impl Record {
    /// Reads a record, or gives the first term that is none.
    pub(super) fn parse(text: &str) -> Result<Self, &str> {
        let terms = text.split_ascii_whitespace().skip(1).map(|term| parse_term(term).ok_or(term));
        Ok(Self { terms: terms.collect::<Result<_, _>>()? })
    }

    /// The terms that a verifier looks at: none behind `all`, and beside it no redirect (RFC 7208 §5.1, §6.1).
    pub(super) fn in_effect(&self) -> impl Iterator<Item = &Term> {
        let all = self.terms.iter().position(|term| matches!(term, Term::All(_)));
        let end = all.map_or(self.terms.len(), |all| all + 1);
        self.terms[..end].iter().filter(move |term| all.is_none() || !matches!(term, Term::Redirect(_)))
    }

    /// Whether whoever is not named passes.
    pub(super) fn lets_anybody(&self) -> bool {
        self.terms.contains(&Term::All('+'))
    }

    /// Whether there is nobody who passes.
    pub(super) fn lets_nobody(&self) -> bool {
        matches!(self.terms.as_slice(), [] | [Term::All('-' | '~' | '?')])
    }

    /// Whether it does not say what to do with whoever is not named.
    pub(super) fn is_open_ended(&self) -> bool {
        !self.in_effect().any(|term| matches!(term, Term::All('-' | '~') | Term::Redirect(_)))
    }
}

/// One record with the terms of several; the last word on everybody else is the mildest of theirs.
pub(super) fn merged(texts: &[String]) -> String {
    let mut terms: Vec<&str> = Vec::new();
    let mut rest = "-all";
    for term in texts.iter().flat_map(|text| text.split_ascii_whitespace().skip(1)) {
        match term {
            "-all" => {}
            "~all" | "?all" | "+all" | "all" => rest = "~all",
            term if terms.contains(&term) => {}
            term => terms.push(term),
        }
    }
    terms.insert(0, "v=spf1");
    terms.push(rest);
    terms.join(" ")
}

fn parse_term(text: &str) -> Option<Term> {
    // A modifier is a name and `=` (RFC 7208 §12); a mechanism may hold one in its domain only.
    if let Some((name, value)) = text.split_once('=')
        && is_name(name)
    {
        let redirect = name.eq_ignore_ascii_case("redirect");
        return Some(if redirect { Term::Redirect(value.to_ascii_lowercase()) } else { Term::Plain });
    }
    let (qualifier, text) = match text.chars().next()? {
        sign @ ('+' | '-' | '~' | '?') => (sign, &text[1..]),
        _ => ('+', text),
    };
    let at = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at(at);
    let domain = domain(rest);
    match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Some(Term::All(qualifier)),
        "include" => domain.map(Term::Include),
        "a" => Some(Term::A(domain)),
        "mx" => Some(Term::Mx(domain)),
        "ptr" | "exists" => Some(Term::Other),
        "ip4" => is_network::<Ipv4Addr>(rest, 32).then_some(Term::Plain),
        "ip6" => is_network::<Ipv6Addr>(rest, 128).then_some(Term::Plain),
        _ => None,
    }
}

/// The domain behind the colon, without a prefix length.
fn domain(rest: &str) -> Option<String> {
    let domain = rest.strip_prefix(':')?.split('/').next()?;
    (!domain.is_empty()).then(|| domain.to_ascii_lowercase())
}

fn is_network<A: FromStr>(rest: &str, bits: u8) -> bool {
    let Some(network) = rest.strip_prefix(':') else { return false };
    let (address, prefix) =
        network.split_once('/').map_or((network, None), |(address, prefix)| (address, Some(prefix)));
    address.parse::<A>().is_ok() && prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stands_behind_all_or_redirects_beside_it_is_not_looked_at() {
        let record = Record::parse("v=spf1 redirect=example.org a ?all mx").unwrap();
        assert_eq!(record.in_effect().collect::<Vec<_>>(), [&Term::A(None), &Term::All('?')]);
        assert!(record.is_open_ended());
        let record = Record::parse("v=spf1 a redirect=example.org").unwrap();
        assert_eq!(record.in_effect().count(), 2);
    }

    #[test]
    fn every_kind_of_term_is_known() {
        let text = "v=spf1 +a MX:Example.com/24 include:_spf.example.net ip4:192.0.2.0/24 -ip6:2001:db8::1 \
                    exists:%{i}.example.com redirect=example.org exp=why.example.org ~all";
        let domain = |name: &str| name.to_owned();
        assert_eq!(
            Record::parse(text).unwrap().terms,
            [
                Term::A(None),
                Term::Mx(Some(domain("example.com"))),
                Term::Include(domain("_spf.example.net")),
                Term::Plain,
                Term::Plain,
                Term::Other,
                Term::Redirect(domain("example.org")),
                Term::Plain,
                Term::All('~'),
            ]
        );
    }

    #[test]
    fn the_term_that_is_none_is_named() {
        for term in
            ["ipv4:192.0.2.1", "ip4:192.0.2.256", "ip4", "ip4:192.0.2.1/33", "include", "include:", "al1", "all:x"]
        {
            assert_eq!(Record::parse(&format!("v=spf1 {term} -all")), Err(term));
        }
    }

    #[test]
    fn only_the_first_version_is_spf() {
        assert!(is_spf("v=spf1") && is_spf("V=SPF1 -all"));
        assert!(!is_spf("v=spf10 -all") && !is_spf("spf2.0/pra -all") && !is_spf(""));
    }

    #[test]
    fn several_records_become_one() {
        let texts = ["v=spf1 include:a.example -all", "v=spf1 include:a.example ip4:192.0.2.1 ~all"].map(str::to_owned);
        assert_eq!(merged(&texts), "v=spf1 include:a.example ip4:192.0.2.1 ~all");
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".{0,80}") {
            let _ = Record::parse(&text);
            let _ = is_spf(&text);
        }
    }
}
