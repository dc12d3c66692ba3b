//! A Maildir that a mail server delivers into.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use feedback::maildir::{Maildir, OpenError, Swept};
use feedback::{Filter, Kept, list};
use sea_orm::ConnectionTrait;
use testkit::{ManualClock, TestDb, both, start_of_time};
use tokio_util::sync::CancellationToken;

use crate::world::{World, address, sample};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ["new", "cur", "tmp"].iter().for_each(|name| fs::create_dir(folder.path().join(name)).unwrap());
    folder
}

fn open(folder: &Path) -> Result<Maildir, OpenError> {
    Maildir::open(folder, address("returns@example.com"), 100_000)
}

async fn sweep(maildir: &mut Maildir, world: &World<'_>) -> (usize, usize) {
    let clock = ManualClock::at(start_of_time());
    let shutdown = CancellationToken::new();
    let Swept { moved, left } = maildir.sweep(world.db, &world.links, &clock, &shutdown).await.unwrap();
    (moved, left)
}

async fn kept(world: &World<'_>) -> Vec<Kept> {
    list(world.db.reader(), Filter::default(), None, 100).await.unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

both!(
    async fn a_mail_is_dealt_with_and_moved_and_what_is_still_written_is_left_alone(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        let head = format!("Return-Path: <>\r\nDelivered-To: {}\r\n", world.return_path(key));
        fs::write(path("new/1.eml"), head + &world.returned("postfix-unknown-user.eml", key)).unwrap();
        fs::write(path("new/2.eml:2,"), sample("nonsense.eml")).unwrap();
        fs::write(path("tmp/3.eml"), "half").unwrap();
        fs::write(path("new/.hidden"), "no mail").unwrap();
        fs::write(path("elsewhere"), "a secret").unwrap();
        symlink(path("elsewhere"), path("new/4.eml")).unwrap();
        fs::create_dir(path("new/5.eml")).unwrap();

        let mut maildir = open(folder.path()).unwrap();
        assert_eq!(sweep(&mut maildir, &world).await, (2, 0));
        assert!(outbox::find(world.db.reader(), key).await.unwrap().unwrap().bounced_at.is_some());
        assert_eq!(names(&path("cur")), ["1.eml:2,S", "2.eml:2,"]);
        assert_eq!(names(&path("new")), [".hidden", "4.eml", "5.eml"]);
        assert_eq!(names(&path("tmp")), ["3.eml"]);
        let mails = kept(&world).await;
        assert!(mails.iter().all(|mail| mail.source == "maildir"));
        let to: HashSet<&str> = mails.iter().map(|mail| mail.envelope_to.as_str()).collect();
        assert_eq!(to, HashSet::from([world.return_path(key).as_str(), "returns@example.com"]));
        assert_eq!(sweep(&mut maildir, &world).await, (0, 0));
    }
);

both!(
    async fn a_mail_that_was_committed_and_not_moved_does_nothing_again(db: TestDb) {
        let world = World::new(db.database()).await;
        let folder = folder();
        let mut maildir = open(folder.path()).unwrap();
        for _ in 0..2 {
            fs::write(folder.path().join("new/1"), sample("nonsense.eml")).unwrap();
            assert_eq!(sweep(&mut maildir, &world).await, (1, 0));
        }
        assert_eq!(kept(&world).await.len(), 1);
    }
);

both!(
    async fn what_cannot_be_kept_or_read_stays_and_keeps_no_other_waiting(db: TestDb) {
        let world = World::new(db.database()).await;
        let folder = folder();
        let mut maildir = open(folder.path()).unwrap();
        for name in ["1", "2"] {
            fs::write(folder.path().join("new").join(name), format!("Subject: {name}\r\n\r\nx\r\n")).unwrap();
        }
        // That one cannot be moved.
        fs::create_dir(folder.path().join("cur/1:2,S")).unwrap();
        assert_eq!(sweep(&mut maildir, &world).await, (1, 1));
        let writer = world.db.writer();
        writer.execute_unprepared("ALTER TABLE returned_mail RENAME TO elsewhere").await.unwrap();
        fs::write(folder.path().join("new/3"), "Subject: 3\r\n\r\nx\r\n").unwrap();
        assert_eq!(sweep(&mut maildir, &world).await.0, 0);
        writer.execute_unprepared("ALTER TABLE elsewhere RENAME TO returned_mail").await.unwrap();
        fs::remove_dir(folder.path().join("cur/1:2,S")).unwrap();
        assert_eq!(sweep(&mut maildir, &world).await, (2, 0));
        assert_eq!((names(&folder.path().join("cur")).len(), kept(&world).await.len()), (3, 3));
    }
);

both!(
    async fn of_a_large_mail_the_beginning_is_read(db: TestDb) {
        let world = World::new(db.database()).await;
        let folder = folder();
        let large = format!("Subject: large\r\n\r\n{}", "x".repeat(1_000_000));
        fs::write(folder.path().join("new/1"), &large).unwrap();
        assert_eq!(sweep(&mut open(folder.path()).unwrap(), &world).await, (1, 0));
        let raw = feedback::raw(world.db.reader(), kept(&world).await[0].id).await.unwrap().unwrap();
        assert_eq!(raw, &large.as_bytes()[..100_000]);
        assert_eq!(fs::read(folder.path().join("cur/1:2,S")).unwrap().len(), large.len());
    }
);

#[test]
fn one_program_alone_reads_a_maildir() {
    let folder = folder();
    let first = open(folder.path()).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Taken(_))));
    drop(first);
    open(folder.path()).unwrap();
    fs::remove_dir(folder.path().join("tmp")).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::NoMaildir(_))));
}
