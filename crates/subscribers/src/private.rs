//! What of a person is masked wherever it is shown for debugging.

pub(crate) use database::private::{Private, Stars};

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
