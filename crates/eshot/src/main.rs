//! The program `eshot`: see the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    eshot::main()
}
