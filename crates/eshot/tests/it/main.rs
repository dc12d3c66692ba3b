//! The program as its users start it.

#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

mod bench;
mod commands;
mod demo;
mod entrypoint;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program in a folder, with nothing in its environment but these variables.
fn eshot(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_eshot"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
