use std::path::PathBuf;

use clap::Subcommand;
use sea_orm::Iterable;

#[derive(Debug, Subcommand)]
pub(crate) enum Feedback {
    /// List what came back, the newest first.
    List {
        /// Only what was not understood.
        #[arg(long)]
        not_understood: bool,
        /// Only what became this: acted, noted, to_look_at, not_understood or refused.
        #[arg(long, value_parser = standing, conflicts_with = "not_understood")]
        standing: Option<feedback::Standing>,
        /// Only this class, such as hard.
        #[arg(long)]
        class: Option<verdict::Class>,
        /// Only what came by this door, such as listener.
        #[arg(long)]
        source: Option<String>,
        /// Only what nobody has acknowledged.
        #[arg(long)]
        unseen: bool,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Say that somebody has looked at a mail that waits for a person.
    Acknowledge {
        /// Which, as `eshot feedback list` shows it.
        id: domain::ReturnedMailId,
    },
    /// Show one returned mail as it came.
    Show {
        /// Which, as `eshot feedback list` shows it.
        id: domain::ReturnedMailId,
    },
    /// Take back what a returned mail did to a person: a suppression, or a failure that was counted.
    Release {
        /// Which, as `eshot feedback list` shows it.
        id: domain::ReturnedMailId,
        /// Why, in words. It is kept.
        #[arg(long)]
        why: String,
    },
    /// Deal with a returned mail once more, by the rules of today. It does what it asks for once.
    Replay {
        /// Which, as `eshot feedback list` shows it.
        #[arg(required_unless_present = "standing")]
        id: Option<domain::ReturnedMailId>,
        /// All that became this instead, such as not_understood or refused.
        #[arg(long, value_parser = standing, conflicts_with = "id")]
        standing: Option<feedback::Standing>,
    },
    /// Take one mail from a mail server, by a pipe. It ends with 0 once the mail is committed, with 67 if no recipient is ours, and with 75
    /// for whatever else, so that the server keeps the mail and tries again.
    // Without -h, for which a recipient that begins with it would be taken.
    #[command(disable_help_flag = true)]
    Receive {
        /// Print help.
        #[arg(long, action = clap::ArgAction::Help)]
        help: Option<bool>,
        /// Its envelope sender; reports have none.
        #[arg(long, default_value = "")]
        sender: String,
        /// Its envelope recipients. None: whom its head names.
        recipients: Vec<String>,
    },
    /// Read a file of mails once. What was here before changes nothing, so that it may be read again.
    Read {
        /// The file, an mbox.
        #[arg(long)]
        mbox: PathBuf,
    },
    /// Say what mails are, one JSON object each, without a database or a configuration.
    Parse {
        /// The mails, a file each.
        #[arg(required_unless_present = "files_from")]
        files: Vec<PathBuf>,
        /// A file with the paths of mails, one a line.
        #[arg(long)]
        files_from: Option<PathBuf>,
    },
}

fn standing(text: &str) -> Result<feedback::Standing, String> {
    use sea_orm::ActiveEnum;
    feedback::Standing::iter().find(|standing| standing.to_value() == text).ok_or_else(|| {
        let known: Vec<_> = feedback::Standing::iter().map(|standing| standing.to_value()).collect();
        format!("there are {}", known.join(", "))
    })
}
