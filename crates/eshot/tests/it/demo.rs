use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::{err, eshot, out};

#[test]
fn the_demo_takes_the_whole_walk_and_every_step_holds() {
    let folder = tempfile::tempdir().unwrap();
    let walked = eshot(folder.path(), &["demo", "--once"], &[]);
    assert!(walked.status.success(), "{}\n{}", out(&walked), err(&walked));
    assert!(!out(&walked).contains("FAIL"));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "it leaves nothing where it was started");
}

#[test]
fn a_demo_that_is_interrupted_leaves_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let begun = || fs::read_dir(folder.path()).unwrap().next().is_some();
    let mut demo = Command::new(env!("CARGO_BIN_EXE_eshot"))
        .args(["demo", "--once"])
        .env_clear()
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !begun() {
        assert!(demo.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap().success());
    demo.wait().unwrap();
    assert!(!begun());
}
