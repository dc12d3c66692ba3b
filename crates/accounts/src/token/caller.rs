use domain::{Actor, TokenId};

use crate::{Scope, Scopes};

/// A program that has shown its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token.
    pub token: TokenId,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
}

/// Why a caller may not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this token lacks the scope {0}")]
pub struct Forbidden(pub Scope);

impl Caller {
    /// The actor of what it does.
    pub fn actor(&self) -> Actor {
        Actor::Token(self.token)
    }

    /// Whether it may.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.allow(scope)
    }

    /// That it may, or which scope it lacks.
    pub fn require(&self, scope: Scope) -> Result<(), Forbidden> {
        if self.may(scope) { Ok(()) } else { Err(Forbidden(scope)) }
    }
}
