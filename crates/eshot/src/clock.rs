//! Which clock the process goes by.

#[cfg(feature = "test-clock")]
mod test;

use std::sync::Arc;

use domain::{Clock, SystemClock};

/// The machine's clock; in a build for tests, one that a test can move through the socket named by `ESHOT_TEST_CLOCK`.
#[cfg(feature = "test-clock")]
pub(crate) fn of_this_process() -> anyhow::Result<Arc<dyn Clock>> {
    Ok(match std::env::var_os("ESHOT_TEST_CLOCK") {
        Some(path) => test::listen(path.into())?,
        None => Arc::new(SystemClock),
    })
}

/// The machine's clock.
#[cfg(not(feature = "test-clock"))]
#[expect(clippy::unnecessary_wraps, reason = "a build for tests may fail to open its socket")]
pub(crate) fn of_this_process() -> anyhow::Result<Arc<dyn Clock>> {
    Ok(Arc::new(SystemClock))
}
