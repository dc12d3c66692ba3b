//! Mails in one file, as RFC 4155 and the manuals of mail programs have it.

use std::io::{self, BufRead};

use mail_parser::mailbox::mbox::MessageIterator;

/// The mails of an mbox, in their order. A line that begins with `From ` parts them; one that was quoted for that, as `>From `, loses
/// one `>` (mboxrd, and mboxo as far as that can be undone). What stands before the first such line is no mail.
pub fn mails(mbox: impl BufRead) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    MessageIterator::new(mbox).map(|mail| mail.map(|mail| without_last_line(mail.unwrap_contents())))
}

/// Whoever writes an mbox puts a blank line behind each mail.
fn without_last_line(mut mail: Vec<u8>) -> Vec<u8> {
    for end in [&b"\n\r\n"[..], b"\n\n"] {
        if mail.ends_with(end) {
            mail.truncate(mail.len() + 1 - end.len());
            break;
        }
    }
    mail
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(mbox: &str) -> Vec<String> {
        mails(mbox.as_bytes()).map(|mail| String::from_utf8(mail.unwrap()).unwrap()).collect()
    }

    #[test]
    fn mails_are_parted_and_lines_unquoted() {
        let mbox = "junk\nFrom MAILER-DAEMON Mon Nov 30 09:00:00 2026\nSubject: one\n\n>From here\n>>From there\n> From\n\n\
                    From - Mon Nov 30 09:00:00 2026\r\nSubject: two\r\n\r\ntext\r\n\r\nFrom x\nSubject: three\n";
        assert_eq!(
            read(mbox),
            ["Subject: one\n\nFrom here\n>From there\n> From\n", "Subject: two\r\n\r\ntext\r\n", "Subject: three\n"]
        );
        assert_eq!(read(""), [""; 0]);
        assert_eq!(read("Subject: no mbox\n\ntext\n"), [""; 0]);
    }

    proptest! {
        #[test]
        fn what_was_quoted_is_read_as_it_was(
            mails in prop::collection::vec(prop::collection::vec("(>{0,3}From |>{0,2}|[a-z ]{0,5}|:)[ -~]{0,5}", 1..6), 0..5)
        ) {
            let mails: Vec<String> = mails.iter().map(|lines| format!("X: y\n{}\n", lines.join("\n"))).collect();
            let quoted = |line: &str| {
                let is_quoted = line.trim_start_matches('>').starts_with("From ");
                format!("{}{line}\n", if is_quoted { ">" } else { "" })
            };
            let mbox: String = mails
                .iter()
                .map(|mail| format!("From a@b.example Mon Nov 30 09:00:00 2026\n{}\n", mail.lines().map(quoted).collect::<String>()))
                .collect();
            prop_assert_eq!(read(&mbox), mails);
        }
    }
}
