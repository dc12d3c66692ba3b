use crate::{err, eshot, out};

#[test]
fn the_demo_takes_the_whole_walk_and_every_step_holds() {
    let folder = tempfile::tempdir().unwrap();
    let walked = eshot(folder.path(), &["demo", "--once"], &[]);
    assert!(walked.status.success(), "{}\n{}", out(&walked), err(&walked));
    assert!(!out(&walked).contains("FAIL"));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "it leaves nothing where it was started");
}
