//! Reads mails and says what they are: for trying the rules on mail of one's own, and for measuring them.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use feedback::Answer;
use serde::Serialize;

use crate::out::say;

/// So many lines are printed at once.
const LINES: usize = 64;

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(flatten)]
    answer: Answer,
}

/// `eshot feedback parse`. False if a file could not be read; the others are answered all the same.
pub(super) fn run(mut files: Vec<PathBuf>, list: Option<&Path>) -> anyhow::Result<bool> {
    if let Some(list) = list {
        let lines = std::fs::read_to_string(list).with_context(|| list.display().to_string())?;
        files.extend(lines.lines().filter(|line| !line.is_empty()).map(PathBuf::from));
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = files.len().div_ceil(threads).max(1);
    let all = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for files in files.chunks(share) {
            let all = &all;
            scope.spawn(move || {
                for files in files.chunks(LINES) {
                    print(files, all);
                }
            });
        }
    });
    Ok(all.into_inner())
}

fn print(files: &[PathBuf], all: &AtomicBool) {
    let mut lines = Vec::with_capacity(files.len());
    for file in files {
        match line(file) {
            Ok(line) => lines.push(line),
            Err(error) => {
                all.store(false, Ordering::Relaxed);
                eprintln!("error: {}: {error:#}", file.display());
            }
        }
    }
    if !lines.is_empty() {
        say!("{}", lines.join("\n"));
    }
}

fn line(file: &Path) -> anyhow::Result<String> {
    let answer = Answer::from(&feedback::parse(&std::fs::read(file)?));
    Ok(serde_json::to_string(&Line { file: &file.to_string_lossy(), answer })?)
}
