use std::fmt;

use sea_orm::DeriveValueType;

/// What somebody told, or what says who and where they are, as it stands in a column. It is nobody's business who reads a log
/// or a panic, so `{:?}` shows only that it is there.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
pub(crate) struct Private(pub(crate) String);

impl Private {
    /// The JSON object in which nothing is told.
    pub(crate) fn nothing() -> Self {
        Self("{}".to_owned())
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Stars.fmt(f)
    }
}

/// In the place of what is masked.
pub(crate) struct Stars;

impl Stars {
    /// Whether something is there, and nothing of it.
    pub(crate) fn over<T>(value: Option<&T>) -> Option<Self> {
        value.map(|_| Self)
    }
}

impl fmt::Debug for Stars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{Actor, Locale, SubscriberId};

    use crate::consent::Proof;
    use crate::{Evidence, Profile, store};

    #[test]
    fn what_is_shown_of_rows_and_proofs_for_debugging_is_masked() {
        let (id, now) = (SubscriberId::from_bytes([7; 16]), DateTime::UNIX_EPOCH);
        let row = store::fresh(id, &"ada@example.com".parse().unwrap(), Locale::En, &Actor::Operator, now);
        let profile = Profile {
            name: Some("Ada".to_owned()),
            attributes: [("shoe".to_owned(), "forty".to_owned())].into(),
            ..Profile::default()
        };
        let row = store::with_profile(row, id, profile).unwrap();
        let evidence = Evidence { ip: "192.0.2.7".parse().ok(), user_agent: Some("Lynx".to_owned()) };
        let proof = Proof {
            actor: Actor::Operator,
            email: "ada@example.com".parse().unwrap(),
            ip: evidence.ip,
            note: Some("she told us".to_owned()),
            opt_in: None,
            source: None,
            subscriber: id,
            user_agent: evidence.user_agent.clone(),
            words: None,
        };
        let shown = format!("{row:?} {evidence:?} {proof:?}");
        for told in ["Ada", "ada@", "shoe", "forty", "192.0.2.7", "Lynx", "she told"] {
            assert!(!shown.contains(told), "{told}: {shown}");
        }
        assert!(shown.contains("Evidence { ip: Some(***), user_agent: Some(***) }"), "{shown}");
    }
}
