//! Whose DKIM signature (RFC 6376) is on a mail.

use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator};

use crate::Resolver;

/// How many signatures of a mail are looked at: each is a question to a stranger's name server.
const MOST: usize = 3;

/// The fields without which a signature proves nothing here: who else could say where the parts of the mail begin, or who it is from.
const COVERED: [&str; 2] = ["from", "content-type"];

/// What signatures on a mail prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    /// The domains (`d=`) that have signed the whole of it.
    pub domains: Vec<String>,
    /// Whether another signature may be good, and its key could not be had now.
    pub is_doubtful: bool,
}

impl Resolver {
    /// Which of these domains have signed a mail with a key that the DNS has: its From, its Content-Type and the whole of its body. Only
    /// their signatures are looked at, and three at most.
    pub async fn signers(&self, mail: &[u8], wanted: impl Fn(&str) -> bool) -> Signers {
        let mut signers = Signers { domains: Vec::new(), is_doubtful: false };
        let Some(mut message) = AuthenticatedMessage::parse(mail) else { return signers };
        let is_once = |name: &str| {
            let names = message.headers.iter().map(|(found, _)| String::from_utf8_lossy(found));
            names.filter(|found| found.trim().eq_ignore_ascii_case(name)).count() == 1
        };
        if !COVERED.into_iter().all(is_once) {
            return signers;
        }
        message.dkim_headers.retain(|found| {
            let signature = &found.header;
            let covers = |name: &str| signature.h.iter().any(|signed| signed.eq_ignore_ascii_case(name));
            // With l= somebody else could write on behind what was signed.
            wanted(&signature.d) && signature.l == 0 && COVERED.into_iter().all(covers)
        });
        for found in &mut message.dkim_headers {
            // Neither is asked about whoever else may sign (RFC 6541), nor who would like to hear of failures (RFC 6651).
            (found.header.atps, found.header.r) = (None, false);
        }
        message.dkim_headers.truncate(MOST);
        let authenticator = MessageAuthenticator(self.inner.clone());
        for output in authenticator.verify_dkim(&message).await {
            let Some(signature) = output.signature() else { continue };
            match output.result() {
                DkimResult::Pass => signers.domains.push(signature.d.to_ascii_lowercase()),
                DkimResult::TempError(_) => signers.is_doubtful = true,
                _ => {}
            }
        }
        signers
    }
}
