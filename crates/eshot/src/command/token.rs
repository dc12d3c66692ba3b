use accounts::Scopes;
use accounts::token::{self, ApiToken};
use anyhow::Context as _;
use domain::Actor;
use secrecy::ExposeSecret;

use crate::cli::Token;
use crate::context::Context;
use crate::out::say;

/// `eshot token …`.
pub(super) async fn run(command: Token, context: &Context) -> anyhow::Result<bool> {
    let (db, now) = (context.database().await?, context.now());
    match command {
        Token::New { name, scopes, expires_in } => {
            let scopes: Scopes = scopes.join(" ").parse()?;
            let expires = expires_in
                .map(|span| chrono::TimeDelta::from_std(*span).context("a token's life is counted in days or years"))
                .transpose()?
                .map(|life| now + life);
            let (token, secret) = token::create(&db, &name, &scopes, expires, &Actor::Operator, now).await?;
            say!("{}", secret.expose_secret());
            eprintln!("this is the only time that {} is shown; it may {}", token.id, token.scopes);
        }
        Token::List => {
            for token in token::list(db.reader()).await? {
                say!("{}", line(&token));
            }
        }
        Token::Revoke { id } => {
            token::revoke(&db, id, &Actor::Operator, now).await?;
            say!("{id} is revoked");
        }
    }
    Ok(true)
}

fn line(token: &ApiToken) -> String {
    let day = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d").to_string())
    };
    let state = match token.revoked_at {
        Some(_) => format!("revoked {}", day(token.revoked_at)),
        None => format!("ends {}, last used {}", day(token.expires_at), day(token.last_used_at)),
    };
    format!("{}  {}  ({})  {state}", token.id, token.name, token.scopes)
}
