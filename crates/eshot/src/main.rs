//! The program `eshot`: see the library beside it.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// What most systems bring (glibc's) keeps an arena for each thread, as it was at its fullest: at a sender's peak more than twice what
/// is in use. `.cargo/config.toml` says how this one is built, `docs/performance.md` what it changed.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    eshot::main()
}
