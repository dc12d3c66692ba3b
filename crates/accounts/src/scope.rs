use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// One thing that a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// `subscribers:read`: see people, their subscriptions and their consent.
    SubscribersRead,
    /// `subscribers:write`: add, change, import and erase people.
    SubscribersWrite,
    /// `topics:read`: see topics.
    TopicsRead,
    /// `topics:write`: add and change topics.
    TopicsWrite,
    /// `forms:read`: see forms.
    FormsRead,
    /// `forms:write`: add and change forms.
    FormsWrite,
    /// `brands:read`: see brands.
    BrandsRead,
    /// `brands:write`: add and change brands.
    BrandsWrite,
    /// `campaigns:read`: see campaigns and their reports.
    CampaignsRead,
    /// `campaigns:write`: write campaigns and send tests.
    CampaignsWrite,
    /// `campaigns:send`: schedule, pause, resume and cancel, decide what is in doubt, and end what holds a provider back.
    CampaignsSend,
    /// `suppressions:read`: see which addresses may not be mailed.
    SuppressionsRead,
    /// `suppressions:write`: add and lift suppressions.
    SuppressionsWrite,
    /// `deliveries:read`: see what became of each mail.
    DeliveriesRead,
    /// `feedback:read`: see what came back.
    FeedbackRead,
    /// `feedback:write`: take back what a returned mail did, and have one dealt with once more.
    FeedbackWrite,
    /// `admin`: everything.
    Admin,
}

/// What a token may do. As text: the scopes with a blank between them; `topics:*` stands for all of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, DeriveValueType)]
#[serde(try_from = "String", into = "String")]
#[sea_orm(value_type = "String")]
pub struct Scopes(BTreeSet<Scope>);

/// Why a text names no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a scope; there are {known}, and SUBJECT:* for all of one subject", known = known())]
pub struct UnknownScope(String);

fn known() -> String {
    Scope::ALL.map(Scope::as_str).join(", ")
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 17] = [
        Self::SubscribersRead,
        Self::SubscribersWrite,
        Self::TopicsRead,
        Self::TopicsWrite,
        Self::FormsRead,
        Self::FormsWrite,
        Self::BrandsRead,
        Self::BrandsWrite,
        Self::CampaignsRead,
        Self::CampaignsWrite,
        Self::CampaignsSend,
        Self::SuppressionsRead,
        Self::SuppressionsWrite,
        Self::DeliveriesRead,
        Self::FeedbackRead,
        Self::FeedbackWrite,
        Self::Admin,
    ];

    /// The scope as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SubscribersRead => "subscribers:read",
            Self::SubscribersWrite => "subscribers:write",
            Self::TopicsRead => "topics:read",
            Self::TopicsWrite => "topics:write",
            Self::FormsRead => "forms:read",
            Self::FormsWrite => "forms:write",
            Self::BrandsRead => "brands:read",
            Self::BrandsWrite => "brands:write",
            Self::CampaignsRead => "campaigns:read",
            Self::CampaignsWrite => "campaigns:write",
            Self::CampaignsSend => "campaigns:send",
            Self::SuppressionsRead => "suppressions:read",
            Self::SuppressionsWrite => "suppressions:write",
            Self::DeliveriesRead => "deliveries:read",
            Self::FeedbackRead => "feedback:read",
            Self::FeedbackWrite => "feedback:write",
            Self::Admin => "admin",
        }
    }

    /// What stands before the colon.
    fn subject(self) -> &'static str {
        self.as_str().split(':').next().unwrap_or_default()
    }
}

impl Scopes {
    /// Whether they hold the scope, or `admin`.
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| UnknownScope(text.to_owned()))
    }
}

impl TryFrom<String> for Scope {
    type Error = UnknownScope;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.as_str().to_owned()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { " " };
            write!(f, "{separator}{scope}")?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut scopes = BTreeSet::new();
        for name in text.split([' ', ',']).filter(|name| !name.is_empty()) {
            match name.strip_suffix(":*") {
                None => drop(scopes.insert(name.parse()?)),
                Some(subject) => {
                    let of_subject: Vec<Scope> = Scope::ALL
                        .into_iter()
                        .filter(|scope| scope.subject() == subject && *scope != Scope::Admin)
                        .collect();
                    if of_subject.is_empty() {
                        return Err(UnknownScope(name.to_owned()));
                    }
                    scopes.extend(of_subject);
                }
            }
        }
        Ok(Self(scopes))
    }
}

impl TryFrom<String> for Scopes {
    type Error = UnknownScope;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_all_of_one_subject() {
        let scopes: Scopes = "topics:*, feedback:read".parse().unwrap();
        assert_eq!(scopes.to_string(), "topics:read topics:write feedback:read");
    }

    #[test]
    fn only_admin_may_do_what_is_not_named() {
        let (reader, admin): (Scopes, Scopes) = ("campaigns:read".parse().unwrap(), "admin".parse().unwrap());
        assert!(Scope::ALL.into_iter().all(|scope| admin.allow(scope)));
        assert!(Scope::ALL.into_iter().all(|scope| reader.allow(scope) == (scope == Scope::CampaignsRead)));
    }

    #[test]
    fn what_is_no_scope_is_named() {
        for text in ["campaigns", "campaigns:delete", "*", "admin:*", "Admin", "nothing:*"] {
            assert_eq!(text.parse::<Scopes>(), Err(UnknownScope(text.to_owned())), "{text}");
        }
    }

    proptest! {
        #[test]
        fn scopes_survive_text(chosen in prop::sample::subsequence(Scope::ALL.to_vec(), 0..=17)) {
            let scopes: Scopes = chosen.into_iter().collect();
            prop_assert_eq!(scopes.to_string().parse(), Ok(scopes));
        }
    }
}
