//! What the program ends with, which depends on who reads it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Parser;

use crate::cli::Cli;
use crate::config::InvalidConfig;

/// It did what was asked.
const DONE: u8 = 0;
/// It failed, or a check did not hold.
const FAILED: u8 = 1;
/// It was called wrongly, or the configuration is wrong. Clap uses the same for arguments.
const WRONG: u8 = 2;

/// None of the recipients is ours (`EX_NOUSER` of sysexits.h).
const NO_USER: u8 = 67;
/// The mail is to come again (`EX_TEMPFAIL`). Whatever else than this a command ends with, a mail server takes for a reason to return
/// the mail, or to throw a report away.
const TRY_AGAIN: u8 = 75;

/// Who called the program.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A person or a script.
    Shell,
    /// A mail server, by `eshot feedback receive`.
    MailServer,
}

impl Caller {
    /// Who it was, whether the arguments are right or not: a mail server that is set up wrongly keeps its mail as well.
    pub(crate) fn of(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let mut arguments = arguments.into_iter().skip(1);
        let is_piped = arguments.any(|word| word == "feedback") && arguments.any(|word| word == "receive");
        if is_piped { Self::MailServer } else { Self::Shell }
    }

    /// What the program ends with that was called with these arguments.
    pub(crate) fn end(self, arguments: Vec<OsString>, run: impl FnOnce(Cli) -> anyhow::Result<bool>) -> u8 {
        match Cli::try_parse_from(arguments) {
            Ok(cli) => self.after(|| run(cli)),
            Err(wrong) if self == Self::MailServer && wrong.use_stderr() => {
                tell(&wrong.to_string());
                TRY_AGAIN
            }
            Err(wrong) => wrong.exit(),
        }
    }

    fn after(self, run: impl FnOnce() -> anyhow::Result<bool>) -> u8 {
        match self {
            Self::Shell => match run() {
                Ok(true) => DONE,
                Ok(false) => FAILED,
                Err(error) if error.is::<InvalidConfig>() => {
                    tell(&error.to_string());
                    WRONG
                }
                Err(error) => {
                    tell(&format!("error: {error:#}"));
                    FAILED
                }
            },
            // A panic has told itself.
            Self::MailServer => match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(true)) => DONE,
                Ok(Ok(false)) => NO_USER,
                Ok(Err(error)) => {
                    tell(&format!("error: {error:#}"));
                    TRY_AGAIN
                }
                Err(_) => TRY_AGAIN,
            },
        }
    }
}

/// Says why, if anybody still listens; a word that is lost changes nothing.
fn tell(why: &str) {
    drop(writeln!(io::stderr(), "{}", why.trim_end()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn a_mail_server_is_told_to_keep_the_mail_whatever_goes_wrong() {
        let after = |run: fn() -> anyhow::Result<bool>| Caller::MailServer.after(run);
        assert_eq!(after(|| Ok(true)), 0);
        assert_eq!(after(|| Ok(false)), 67);
        assert_eq!(after(|| anyhow::bail!("the database is away")), 75);
        assert_eq!(after(|| Err(InvalidConfig(Vec::new()).into())), 75);
        assert_eq!(after(|| panic!("a bug of ours")), 75);
        let after = |run: fn() -> anyhow::Result<bool>| Caller::Shell.after(run);
        assert_eq!([after(|| Ok(true)), after(|| Ok(false)), after(|| anyhow::bail!("it is away"))], [0, 1, 1]);
        assert_eq!(after(|| Err(InvalidConfig(Vec::new()).into())), 2);
    }

    #[test]
    fn a_mail_server_that_calls_wrongly_keeps_the_mail_too() {
        let ended = |line| {
            let arguments = called(line);
            let caller = Caller::of(arguments.clone());
            assert_eq!(caller, Caller::MailServer, "{line}");
            caller.end(arguments, |_| Ok(true))
        };
        assert_eq!(ended("eshot --config x feedback receive --sender= b-1@bounce.example.com"), 0);
        for wrong in [
            "eshot feedback receive --no-such",
            "eshot feedback --no-such x receive",
            "eshot feedback receive --sender",
            // No address is an option, least of all one that shows the help and ends well.
            "eshot feedback receive -h@bounce.example.com",
            "eshot feedback receive -V@bounce.example.com",
        ] {
            assert_eq!(ended(wrong), 75, "{wrong}");
        }
        assert_eq!(Caller::of(called("eshot feedback list")), Caller::Shell);
        assert_eq!(Caller::of(called("receive feedback")), Caller::Shell);
    }
}
