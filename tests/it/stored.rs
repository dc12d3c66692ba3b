//! Returned mail that a mail server pipes in or puts into a Maildir, and a file of mails.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Output, Stdio};

use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Installation, Letter, Postfix, Route, Staff, free_address, give_back, mail_to, report, wait_until};

/// Debian's nobody, as whom Postfix delivers here: neither as root nor as itself.
const NOBODY: u32 = 65_534;

/// A campaign has gone to somebody; gives the mail.
async fn mailed(eshot: &Eshot, sink: &SmtpSink) -> Letter {
    let staff = Staff::of(eshot).await;
    staff.enrol(["ada@example.com".to_owned()], "offers").await;
    staff.finished(&staff.send("offers", "First").await).await;
    mail_to(sink, "ada@example.com", 1).await
}

/// A Postfix that has the bounce domain; `more` says where mail for it goes.
fn postfix(more: &str, services: &str) -> Result<Postfix, String> {
    let nowhere = Route { domain: "bounce.example.test", server: free_address() };
    Postfix::start_with_services(&[nowhere], more, services)
}

/// A folder with what is in it, and the way there, open to everybody.
fn open_to_everybody(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    for file in fs::read_dir(folder).unwrap() {
        fs::set_permissions(file.unwrap().path(), fs::Permissions::from_mode(0o666)).unwrap();
    }
}

both!(
    async fn postfix_pipes_a_report_in_keeps_what_cannot_be_taken_now_and_gives_up_what_is_not_ours(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let letter = mailed(&eshot, &sink).await;
        let folder = eshot.installation().folder();
        let program = eshot.installation().command(&[]);
        let program = program.get_program().to_str().unwrap();
        open_to_everybody(folder);
        if let Some(file) = db.url().strip_prefix("sqlite:") {
            open_to_everybody(Path::new(file).parent().unwrap());
        }
        // Where it was built perhaps nobody may go.
        let link = folder.join("program");
        fs::hard_link(program, &link).or_else(|_| fs::copy(program, &link).map(drop)).unwrap();
        let (program, config) = (link.display(), folder.join("eshot.toml"));
        let pipe = format!(
            "eshot unix - n n - 1 pipe flags=q user=nobody null_sender=\n  \
             argv={program} --config {} feedback receive --sender=${{sender}} -- ${{recipient}}\n",
            config.display()
        );
        let more = "transport_maps = inline:{ {bounce.example.test = eshot:} }\neshot_destination_recipient_limit = 1\n\
                    minimal_backoff_time = 1s\nqueue_run_delay = 1s\n";
        let postfix = match postfix(more, &pipe) {
            Ok(postfix) => postfix,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        // As where the disk with the configuration is not there yet.
        let away = folder.join("away.toml");
        fs::rename(&config, &away).unwrap();
        assert!(give_back(postfix.address(), &letter.return_path, &letter.to).await.starts_with("250"));
        wait_until("Postfix to keep it", async || postfix.log().contains("status=deferred")).await;
        let staff = Staff::of(&eshot).await;
        assert_eq!(staff.suppressions(&letter.to).await, [""; 0]);
        fs::rename(&away, &config).unwrap();
        wait_until("the report to count", async || staff.suppressions(&letter.to).await == ["hard"]).await;
        let kept = staff.get("/feedback?source=stdin").await;
        assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}");

        let forged = letter.return_path.replacen("b-", "b-a", 1);
        assert!(give_back(postfix.address(), &forged, &letter.to).await.starts_with("250"));
        wait_until("Postfix to give it up", async || postfix.log().contains("status=bounced (user unknown")).await;
        let kept = staff.get("/feedback?source=stdin").await;
        assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}{}", postfix.log());
    }
);

both!(
    async fn postfix_delivers_a_report_into_a_maildir(db: TestDb) {
        let sink = SmtpSink::start().await;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let maildir = folder.path().join("returns");
        for made in ["", "new", "cur", "tmp"].map(|name| maildir.join(name)) {
            fs::create_dir(&made).unwrap();
            chown(made, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let eshot = Eshot::start(&db, sink.address(), &format!("feedback.maildir = \"{}\"", maildir.display()));
        let letter = mailed(&eshot, &sink).await;
        let more = format!(
            "transport_maps =\nrelay_domains =\nvirtual_mailbox_domains = bounce.example.test\n\
             virtual_mailbox_base = {}\nvirtual_mailbox_maps = static:returns/\n\
             virtual_uid_maps = static:{NOBODY}\nvirtual_gid_maps = static:{NOBODY}\n",
            folder.path().display()
        );
        let postfix = match postfix(&more, "virtual unix - n n - - virtual\n") {
            Ok(postfix) => postfix,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        assert!(give_back(postfix.address(), &letter.return_path, &letter.to).await.starts_with("250"));
        let staff = Staff::of(&eshot).await;
        wait_until("the report to count", async || staff.suppressions(&letter.to).await == ["hard"]).await;
        wait_until("the mail to be moved", async || {
            let count = |name: &str| fs::read_dir(maildir.join(name)).unwrap().count();
            (count("new"), count("cur")) == (0, 1)
        })
        .await;
        let kept = staff.get("/feedback?source=maildir").await;
        assert_eq!(kept["items"][0]["envelope_to"], letter.return_path.as_str(), "{kept}{}", postfix.log());
    }
);

/// What `eshot feedback receive` ends with that is given a mail.
fn piped(installation: &Installation, arguments: &[&str], mail: &str) -> Option<i32> {
    let mut command = installation.command(&[&["feedback", "receive"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // Who refuses the recipient may not read the mail.
    drop(child.stdin.take().unwrap().write_all(mail.as_bytes()));
    child.wait().unwrap().code()
}

both!(
    async fn what_a_pipe_ends_with_tells_the_mail_server_what_to_do(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "feedback.addresses = [\"abuse@example.test\"]");
        let letter = mailed(&eshot, &sink).await;
        let mail = report(&letter.return_path, &letter.to);
        let house = eshot.installation();
        let forged = letter.return_path.replacen("b-", "b-a", 1);
        assert_eq!(piped(house, &["--sender=", "--", "ada@example.com"], &mail), Some(67));
        assert_eq!(piped(house, &[&forged], &mail), Some(67));
        assert_eq!(piped(house, &["no address"], &mail), Some(67));
        assert_eq!(piped(house, &["--sender"], &mail), Some(75));
        assert_eq!(piped(house, &["--config", "/nonexistent.toml", &letter.return_path], &mail), Some(75));
        let elsewhere = Installation::new("sqlite:/nonexistent/eshot.db", sink.address(), "");
        assert_eq!(piped(&elsewhere, &[&letter.return_path], &mail), Some(75));
        let staff = Staff::of(&eshot).await;
        assert_eq!(staff.suppressions(&letter.to).await, [""; 0]);

        assert_eq!(piped(house, &["abuse@example.test"], "Subject: who are you?\r\n\r\nx\r\n"), Some(0));
        assert_eq!(
            piped(house, &["--sender", "<>", "ada@example.com", &format!("<{}>", letter.return_path)], &mail),
            Some(0)
        );
        assert_eq!(staff.suppressions(&letter.to).await, ["hard"]);
        // Whoever did not hear the answer gives it once more; and without recipients the mail's head says whom it is to.
        assert_eq!(piped(house, &[&letter.return_path], &mail), Some(0));
        assert_eq!(piped(house, &[], &mail), Some(0));
        let kept = staff.get("/feedback?source=stdin").await;
        assert_eq!(kept["items"].as_array().map(Vec::len), Some(2), "{kept}");
    }
);

both!(
    async fn a_file_of_mails_is_read_as_often_as_one_likes(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let letter = mailed(&eshot, &sink).await;
        let house = eshot.installation();
        let mail = report(&letter.return_path, &letter.to).replace("\r\n", "\n");
        let file = house.folder().join("returns.mbox");
        let from = "From MAILER-DAEMON Mon Nov 30 09:00:00 2026\n";
        fs::write(&file, format!("{from}{mail}\n{from}Subject: hello\n\n>From here\n")).unwrap();
        let read = || house.run(&["feedback", "read", "--mbox", "returns.mbox"]);
        assert_eq!(
            read().trim(),
            "2 mails: 1 acted, 0 noted, 0 to look at, 1 not understood, 0 refused, 0 seen before"
        );
        assert_eq!(Staff::of(&eshot).await.suppressions(&letter.to).await, ["hard"]);
        assert_eq!(
            read().trim(),
            "2 mails: 0 acted, 0 noted, 0 to look at, 0 not understood, 0 refused, 2 seen before"
        );
        let Output { status, .. } = house.try_run(&["feedback", "read", "--mbox", "elsewhere.mbox"]);
        assert_eq!(status.code(), Some(1));
    }
);
