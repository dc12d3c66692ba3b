//! Whether the mailboxes can be read that returned mail lies in.

use feedback::imap::{Error, Mailbox};

use super::{Line, words};
use crate::config::Config;
use crate::mailbox::mailboxes;

/// A line for each mailbox.
pub(super) async fn lines(config: &Config) -> Vec<Line> {
    match mailboxes(config) {
        Ok(mailboxes) => {
            let mut lines = Vec::new();
            for mailbox in mailboxes {
                lines.push(line(&mailbox).await);
            }
            lines
        }
        Err(blamed) => blamed.into_iter().map(|blamed| Line::bad("mailbox", blamed.what, &blamed.key)).collect(),
    }
}

async fn line(mailbox: &Mailbox) -> Line {
    let (name, server) = (mailbox.name(), mailbox.server());
    match mailbox.probe().await {
        Ok(found) => {
            let how = if found.tells { "tells at once of new ones" } else { "has to be asked for new ones" };
            Line::good("mailbox", format!("{name} ({server}): {} mails lie in INBOX, and it {how}", found.waiting))
        }
        Err(error) => Line::bad("mailbox", format!("{name} ({server}): {}", words(&error)), &advice(name, &error)),
    }
}

fn advice(name: &str, error: &Error) -> String {
    let section = if name == "mailbox" { name.to_owned() } else { format!("mailboxes.{name}") };
    match error {
        Error::Tls(_) => format!(
            "see that {section}.url names the server as its certificate does, and that whoever has signed it is trusted by this \
             machine or in the file {section}.certificates"
        ),
        error if error.is_login() => {
            format!("see that {section}.username and {section}.password are right, and that the server takes passwords")
        }
        Error::CannotMove => "use another server, or have mail come to feedback.listen".to_owned(),
        _ => format!("see that {section}.url is right, and that the server lets this machine in"),
    }
}
