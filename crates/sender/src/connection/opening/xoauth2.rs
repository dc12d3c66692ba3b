//! XOAUTH2: a login with an access token, as Gmail and Microsoft 365 ask for it. It is what RFC 7628 was made from, and refuses
//! in the same two steps.

use std::path::Path;

use data_encoding::BASE64;
use domain::SmtpReply;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Problem, step};

/// RFC 5321 §4.5.3.1.4: a command line at most, with its end.
const LONGEST_COMMAND: usize = 512;

/// A status is a number or a word such as `invalid_token`; whatever is longer is something else, the token perhaps.
const LONGEST_STATUS: usize = 32;

/// The challenge of a relay that does not take the token.
#[derive(Deserialize)]
struct Challenge {
    status: serde_json::Value,
}

/// Reads the token and logs in with it.
pub(super) async fn log_in(smtp: &mut AsyncSmtpConnection, user: &str, file: &Path) -> Result<(), Problem> {
    let token = token(file).await?;
    let response = response(user, &token);
    exchange(smtp, &response).await.map_err(|problem| silenced(problem, &[token, response]))
}

async fn exchange(smtp: &mut AsyncSmtpConnection, response: &SecretString) -> Result<(), Problem> {
    let response = response.expose_secret();
    let command = format!("AUTH XOAUTH2 {response}\r\n");
    let answer = if command.len() <= LONGEST_COMMAND {
        step(smtp.command(command)).await?
    } else {
        // RFC 4954 §4: what is too long for a command goes where the relay asks for it.
        let asked = step(smtp.command("AUTH XOAUTH2\r\n")).await?;
        if !asked.has_code(334) {
            return Err(odd(&asked));
        }
        step(smtp.command(format!("{response}\r\n"))).await?
    };
    match u16::from(answer.code()) {
        200..300 => Ok(()),
        334 => Err(refused(smtp, answer.message().next().unwrap_or_default()).await),
        _ => Err(odd(&answer)),
    }
}

/// Hears the refusal that follows a challenge, once the challenge has been answered with an empty line.
async fn refused(smtp: &mut AsyncSmtpConnection, challenge: &str) -> Problem {
    match (step(smtp.command("\r\n")).await, status(challenge)) {
        (Err(Problem::Refused(reply)), Some(status)) => Problem::TokenRefused { reply, status },
        (Err(problem), _) => problem,
        (Ok(answer), _) => odd(&answer),
    }
}

fn odd(answer: &Response) -> Problem {
    Problem::Garbled(format!("AUTH XOAUTH2 was answered with {}", answer.code()))
}

/// What stands in the file, if it is a token. Nothing of it is told if it is not.
async fn token(file: &Path) -> Result<SecretString, Problem> {
    let missing = |why: String| Problem::NoToken { file: file.to_owned(), why };
    let text = tokio::fs::read_to_string(file).await.map_err(|error| missing(error.to_string()))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(missing("it is empty".to_owned()));
    }
    if !is_token(token) {
        return Err(missing("it holds something else; a token stands there by itself".to_owned()));
    }
    Ok(token.into())
}

/// RFC 6750 §2.1, which is also why a token can end neither its line nor its field.
fn is_token(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

fn response(user: &str, token: &SecretString) -> SecretString {
    let plain = format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose_secret());
    BASE64.encode(plain.as_bytes()).into()
}

/// Why the token is not taken, by the relay's challenge: base64 of JSON.
fn status(challenge: &str) -> Option<String> {
    let json = BASE64.decode(challenge.trim().as_bytes()).ok()?;
    let status = match serde_json::from_slice::<Challenge>(&json).ok()?.status {
        serde_json::Value::String(word) => word,
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=LONGEST_STATUS).contains(&status.len()).then_some(status).filter(|status| status.bytes().all(fits))
}

/// A relay may repeat what it was told, and its answers are logged.
fn silenced(problem: Problem, secrets: &[SecretString]) -> Problem {
    let hidden = |text: &str| secrets.iter().fold(text.to_owned(), |text, it| text.replace(it.expose_secret(), "***"));
    let quiet = |reply: SmtpReply| SmtpReply { text: hidden(&reply.text), ..reply };
    match problem {
        Problem::Refused(reply) => Problem::Refused(quiet(reply)),
        Problem::TokenRefused { reply, status } => {
            Problem::TokenRefused { reply: quiet(reply), status: hidden(&status) }
        }
        Problem::Garbled(text) => Problem::Garbled(hidden(&text)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_is_the_one_of_the_providers_own_examples() {
        let response = response("someuser@example.com", &"ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg".into());
        let expected = "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
        assert_eq!(response.expose_secret(), expected);
    }

    #[test]
    fn a_status_is_a_number_or_a_word_and_nothing_else_is_believed() {
        for (json, expected) in [
            (r#"{"status":"401","schemes":"Bearer","scope":"https://mail.example.com/"}"#, Some("401")),
            (r#"{"status":400}"#, Some("400")),
            (r#"{"status":"invalid_token"}"#, Some("invalid_token")),
            (r#"{"status":"two words"}"#, None),
            (r#"{"status":"0123456789abcdef0123456789abcdef0"}"#, None),
            (r#"{"status":""}"#, None),
            (r#"{"status":[401]}"#, None),
            (r#"{"error":"401"}"#, None),
            ("401", None),
        ] {
            assert_eq!(status(&BASE64.encode(json.as_bytes())).as_deref(), expected, "{json}");
        }
        assert_eq!(status("not base64!"), None);
    }

    #[test]
    fn only_a_token_is_taken_for_one() {
        for (text, fits) in [
            ("ya29.a0Af_B-x", true),
            ("EwBg+/x==", true),
            ("==", false),
            ("two tokens", false),
            ("a\x01auth=Bearer b", false),
            (r#"{"access_token":"x"}"#, false),
        ] {
            assert_eq!(is_token(text), fits, "{text:?}");
        }
    }
}
