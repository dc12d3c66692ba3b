//! The house has storeys: a crate uses only crates on lower lines, never one on its own line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// ARCHITECTURE.md draws the same table. `testkit` and `tests` stand outside: nothing that ships may use them.
const LINES: &[&[&str]] = &[
    &["domain", "database"],
    &["links", "brands", "verdict", "dns", "accounts", "migrations"],
    &["outbox", "limits", "activity"],
    &["subscribers", "renderer", "alerts"],
    &["campaigns"],
    &["sender", "feedback"],
    &["web"],
    &["eshot"],
];
const OUTSIDE: &[&str] = &["testkit", "tests"];

#[test]
fn a_crate_uses_only_crates_on_lower_lines() {
    let manifests = manifests();
    let line_of = |name: &str| LINES.iter().position(|line| line.contains(&name));
    for (name, manifest) in &manifests {
        if OUTSIDE.contains(&name.as_str()) {
            continue;
        }
        let line =
            line_of(name).unwrap_or_else(|| panic!("{name} has no line: give it one here and in ARCHITECTURE.md"));
        for used in uses(manifest).filter(|used| manifests.contains_key(*used)) {
            assert!(!OUTSIDE.contains(&used), "{name} ships and uses {used}");
            assert!(
                line_of(used).is_some_and(|lower| lower < line),
                "{name} (line {line}) uses {used}, which is no lower"
            );
        }
    }
}

#[test]
fn the_table_names_no_crate_that_is_not_there() {
    let manifests = manifests();
    for name in LINES.iter().copied().flatten().chain(OUTSIDE) {
        assert!(manifests.contains_key(*name), "{name} is on a line and has no manifest");
    }
}

fn uses(manifest: &toml::Table) -> impl Iterator<Item = &str> {
    ["dependencies", "build-dependencies"]
        .into_iter()
        .filter_map(|section| manifest.get(section)?.as_table())
        .flat_map(|section| section.keys().map(String::as_str))
}

fn manifests() -> BTreeMap<String, toml::Table> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let folders: Vec<PathBuf> = crates.chain([root.join("migrations"), root.join("tests")]).collect();
    folders
        .into_iter()
        .map(|folder| {
            let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            let manifest: toml::Table = text.parse().unwrap();
            (manifest["package"]["name"].as_str().unwrap().to_owned(), manifest)
        })
        .collect()
}
