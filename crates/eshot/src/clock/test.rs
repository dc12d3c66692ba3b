use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use domain::{Clock, SystemClock};

/// The machine's clock, moved on by as much as a test has asked for. Between two moves it goes on by itself.
#[derive(Debug, Default)]
struct MovedClock {
    by: Mutex<Duration>,
}

impl MovedClock {
    fn moved_by(&self) -> Duration {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn advance(&self, by: Duration) {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + self.moved_by()
    }

    fn uptime(&self) -> Duration {
        SystemClock.uptime() + self.moved_by()
    }
}

/// Opens the control socket: a line such as `3d` or `90s` moves the clock on, any line is answered with the time.
pub(super) fn listen(path: PathBuf) -> anyhow::Result<Arc<dyn Clock>> {
    let clock = Arc::new(MovedClock::default());
    let listener = UnixListener::bind(&path)
        .with_context(|| format!("the socket {} of the test's clock cannot be made", path.display()))?;
    let moved = clock.clone();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Whoever hangs up in the middle has moved the clock as far as it asked.
            let _ = serve(&stream, &moved);
        }
    });
    Ok(clock)
}

fn serve(stream: &UnixStream, clock: &MovedClock) -> std::io::Result<()> {
    for line in BufReader::new(stream).lines() {
        if let Ok(by) = humantime::parse_duration(line?.trim()) {
            clock.advance(by);
        }
        writeln!(&*stream, "{}", clock.now().to_rfc3339())?;
    }
    Ok(())
}
