//! docs/testing.md shows the list of `tests/mutations.toml` as it is.

use std::fs;
use std::path::Path;

#[test]
fn the_table_of_mutations_is_the_list_that_is_tried() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list: toml::Table = fs::read_to_string(folder.join("mutations.toml")).unwrap().parse().unwrap();
    let listed: Vec<String> = list["mutation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mutation| format!("| {} | `cargo test {}` |", text(mutation, "name"), text(mutation, "test")))
        .collect();
    let shown = fs::read_to_string(folder.join("../docs/testing.md")).unwrap();
    let table = shown.lines().skip_while(|line| !line.starts_with("| what is broken |")).skip(2);
    let shown: Vec<&str> = table.take_while(|line| line.starts_with('|')).collect();
    assert_eq!(shown, listed, "`script/mutations --table` prints what belongs into docs/testing.md");
}

#[test]
fn every_mutation_has_its_place_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list: toml::Table = fs::read_to_string(folder.join("mutations.toml")).unwrap().parse().unwrap();
    for mutation in list["mutation"].as_array().unwrap() {
        let file = fs::read_to_string(folder.join("..").join(text(mutation, "file"))).unwrap();
        let found = file.matches(text(mutation, "find")).count();
        assert_eq!(found, 1, "{}: what it breaks stands {found} times in its file", text(mutation, "name"));
    }
}

fn text<'a>(mutation: &'a toml::Value, key: &str) -> &'a str {
    mutation[key].as_str().unwrap()
}
