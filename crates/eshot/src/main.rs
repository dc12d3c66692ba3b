//! The program `eshot`: see the library beside it.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// What the system brings (glibc's) kept a quarter more than was in use, in an arena for each thread, and cost a tenth of a sender's
/// time; `.cargo/config.toml` says how this one is built, docs/performance.md what it changed.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    eshot::main()
}
