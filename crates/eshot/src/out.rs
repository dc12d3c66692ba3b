//! What commands print.

use std::fmt::Arguments;
use std::io::{self, Write};

/// What a shell shows of a program that SIGPIPE ended: 128 and the signal's number.
const BY_SIGPIPE: i32 = 128 + 13;

/// Prints a line. Where nobody reads any more, as behind `| head`, the program ends without a word, as others do.
macro_rules! say {
    ($($words:tt)*) => {
        $crate::out::line(format_args!($($words)*))
    };
}
pub(crate) use say;

/// What [`say!`] does.
pub(crate) fn line(words: Arguments<'_>) {
    text(format_args!("{words}\n"));
}

/// Prints a text that has its own ends of lines.
pub(crate) fn text(words: Arguments<'_>) {
    let mut out = io::stdout().lock();
    if let Err(error) = write!(out, "{words}").and_then(|()| out.flush()) {
        if error.kind() != io::ErrorKind::BrokenPipe {
            eprintln!("error: what was to be printed cannot be: {error}");
        }
        std::process::exit(BY_SIGPIPE);
    }
}
