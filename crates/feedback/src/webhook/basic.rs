//! A name and a password, or a token alone, in `Authorization` (RFC 7617, RFC 6750): all that some services offer.

use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};

use super::Posted;
use super::proof::{Unproven, is_same};

/// What a service is told to log in with.
#[derive(Clone, Debug)]
pub(super) enum Login {
    /// A name and a password.
    Password { name: String, password: SecretString },
    /// A token in a header: in `Authorization` behind `Bearer`, or alone in the one named.
    Token { header: &'static str, token: SecretString },
}

impl Login {
    pub(super) fn proves(&self, posted: &Posted<'_>) -> Result<(), Unproven> {
        match self {
            Self::Password { name, password } => {
                let given = scheme(posted.header("authorization").ok_or(Unproven)?, "basic")?;
                let given = BASE64.decode(given.as_bytes()).map_err(|_| Unproven)?;
                is_same(&given, format!("{name}:{}", password.expose_secret()).as_bytes())
            }
            Self::Token { header, token } => {
                let given = posted.header(header).ok_or(Unproven)?;
                let given = if *header == "authorization" { scheme(given, "bearer")? } else { given };
                is_same(given.as_bytes(), token.expose_secret().as_bytes())
            }
        }
    }
}

/// What stands behind the scheme, which is written in any case (RFC 9110 §11.1).
fn scheme<'a>(header: &'a str, scheme: &str) -> Result<&'a str, Unproven> {
    let (found, rest) = header.split_once(' ').ok_or(Unproven)?;
    if found.eq_ignore_ascii_case(scheme) { Ok(rest.trim()) } else { Err(Unproven) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(login: &Login, name: &str, value: &str) -> bool {
        login.proves(&Posted { headers: &[(name, value)], body: b"" }).is_ok()
    }

    #[test]
    fn a_password_lets_in_and_nothing_else_does() {
        let login = Login::Password { name: "eshot".to_owned(), password: "p:w".into() };
        assert!(given(&login, "Authorization", &format!("Basic {}", BASE64.encode(b"eshot:p:w"))));
        assert!(given(&login, "authorization", &format!("bAsIc  {}", BASE64.encode(b"eshot:p:w"))));
        for other in ["eshot:p:", "eshot:p:w2", "eshot", ":p:w", ""] {
            assert!(!given(&login, "Authorization", &format!("Basic {}", BASE64.encode(other.as_bytes()))), "{other}");
        }
        for other in ["", "Basic", "Basic !", "Bearer p:w", "eshot:p:w"] {
            assert!(!given(&login, "Authorization", other), "{other}");
        }
        let twice = BASE64.encode(b"eshot:p:w");
        let twice = format!("Basic {twice}");
        let headers = [("authorization", twice.as_str()), ("Authorization", "Basic x")];
        assert!(login.proves(&Posted { headers: &headers, body: b"" }).is_err(), "nobody knows which is meant");
    }

    #[test]
    fn a_token_stands_alone_or_behind_bearer() {
        let bearer = Login::Token { header: "authorization", token: "t0ken".into() };
        assert!(given(&bearer, "Authorization", "Bearer t0ken"));
        assert!(!given(&bearer, "Authorization", "t0ken"));
        let own = Login::Token { header: "x-messagesystems-webhook-token", token: "t0ken".into() };
        assert!(given(&own, "X-MessageSystems-Webhook-Token", "t0ken"));
        assert!(!given(&own, "X-MessageSystems-Webhook-Token", "t0kem"));
        assert!(!given(&own, "Authorization", "Bearer t0ken"));
    }
}
