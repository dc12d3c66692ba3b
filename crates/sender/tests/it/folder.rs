//! Mail that goes into a folder instead of to a relay.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use sender::{Folder, Outlet, Settings, Tally};
use testkit::{TestDb, both};
use url::Url;

use crate::house::House;

fn folder(path: &Path) -> Folder {
    Folder::new(&Url::from_file_path(path).unwrap()).unwrap()
}

fn into(path: &Path) -> impl Fn(Settings) -> Settings {
    let route = folder(path);
    move |settings| Settings { outlets: vec![Outlet::new(route.clone(), 2)], ..settings }
}

/// Every file, those included that are not whole.
fn files(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

both!(
    async fn each_message_becomes_one_file_and_counts_as_sent(db: TestDb) {
        let (house, spool) = (House::new(&db).await, tempfile::tempdir().unwrap());
        house.enrol(&["ada@example.com", "bob@example.com", "eve@example.com"]).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender_with(into(spool.path()));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 3, ..Tally::default() });
        assert_eq!(sender.tick().await.unwrap().tally, Tally::default());
        let (names, counts) = (files(spool.path()), house.counts(mailing).await);
        assert_eq!((names.len(), counts.sent, house.sink.count()), (3, 3, 0), "{names:?}");
        assert!(names.iter().all(|name| name.ends_with("-1.eml") && !name.starts_with('.')), "{names:?}");
        let mails = names.iter().map(|name| fs::read_to_string(spool.path().join(name)).unwrap());
        let to_ada = mails.filter(|mail| mail.contains("\r\nTo: Ada Lovelace <ada@example.com>\r\n"));
        assert_eq!(to_ada.filter(|mail| mail.ends_with("\r\n")).count(), 1);
        let mode = fs::metadata(spool.path().join(&names[0])).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "mail is nobody else's to read");
    }
);

both!(
    async fn a_name_that_is_taken_is_not_written_over(db: TestDb) {
        let (house, spool) = (House::new(&db).await, tempfile::tempdir().unwrap());
        house.enrol(&["ada@example.com"]).await;
        let (_, mailing) = house.launch().await;
        let taken = spool.path().join(format!("{mailing}.1-1.eml"));
        fs::write(&taken, "another's").unwrap();
        let mut sender = house.sender_with(into(spool.path()));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { deferred: 1, ..Tally::default() });
        assert_eq!(fs::read_to_string(&taken).unwrap(), "another's");
        house.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        assert_eq!(files(spool.path()), [format!("{mailing}.1-1.eml"), format!("{mailing}.1-2.eml")]);
    }
);

both!(
    async fn a_folder_that_is_not_there_is_waited_for(db: TestDb) {
        let (house, spool) = (House::new(&db).await, tempfile::tempdir().unwrap());
        let later = spool.path().join("later");
        house.enrol(&["ada@example.com"]).await;
        house.launch().await;
        let mut sender = house.sender_with(into(&later));
        let tick = sender.tick().await.unwrap();
        assert_eq!(tick.tally, Tally::default(), "nothing was tried");
        let why = tick.relay.unwrap();
        assert!(why.contains(later.to_str().unwrap()) && why.contains("No such file"), "{why}");
        fs::create_dir(&later).unwrap();
        house.clock.advance(Duration::from_secs(60));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
    }
);

#[tokio::test]
async fn a_probe_leaves_nothing_behind_and_says_what_is_wrong() {
    let spool = tempfile::tempdir().unwrap();
    assert!(folder(spool.path()).probe().await.is_good());
    assert!(files(spool.path()).is_empty());
    let probe = folder(&spool.path().join("missing")).probe().await;
    let problem = probe.steps[0].outcome.as_ref().unwrap_err().to_string();
    assert!(problem.starts_with("the folder takes no file: No such file"), "{problem}");
}

#[test]
fn a_folder_is_one_of_this_machine() {
    for (url, fits) in [
        ("file:///var/spool/eshot", true),
        ("file://localhost/var/spool/eshot", true),
        ("file://elsewhere.example/var/spool/eshot", false),
        ("file:///var/spool/eshot?x", false),
        ("smtp://relay.example", false),
    ] {
        assert_eq!(Folder::new(&url.parse().unwrap()).is_ok(), fits, "{url}");
    }
}
