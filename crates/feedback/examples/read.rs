//! Prints what each mail of a list is, one JSON object a line: `eshot feedback parse` without the program around it.
#![expect(clippy::unwrap_used, reason = "it is run by hand")]

use std::io::Write;

use feedback::{Answer, parse};

fn main() {
    let mut args = std::env::args().skip(1);
    let mut paths = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "--files-from" {
            paths.extend(std::fs::read_to_string(args.next().unwrap()).unwrap().lines().map(str::to_owned));
        } else {
            paths.push(arg);
        }
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in paths {
        let raw = std::fs::read(&path).unwrap();
        let mut line = serde_json::to_value(Answer::from(&parse(&raw))).unwrap();
        line["file"] = path.into();
        writeln!(out, "{line}").unwrap();
    }
}
