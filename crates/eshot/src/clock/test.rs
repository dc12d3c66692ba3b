use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Clock, SystemClock};

/// The machine's clock, moved as a test has asked for. Between two moves it goes on by itself.
#[derive(Debug, Default)]
struct MovedClock(Mutex<Moved>);

/// How far it was moved.
#[derive(Copy, Clone, Debug, Default)]
struct Moved {
    /// Time has passed: both clocks went on.
    passed: Duration,
    /// Somebody has set the wall clock; the other knows nothing of it.
    set: TimeDelta,
}

impl MovedClock {
    fn moved(&self) -> Moved {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it by an order such as `90s`, `+3h` or `-3h`; anything else does nothing.
    fn obey(&self, order: &str) {
        let (sign, span) = match order.trim().split_at_checked(1) {
            Some((sign @ ("+" | "-"), span)) => (Some(sign), span),
            _ => (None, order.trim()),
        };
        let Ok(span) = humantime::parse_duration(span) else { return };
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let delta = TimeDelta::from_std(span).unwrap_or_default();
        match sign {
            None => moved.passed += span,
            Some("+") => moved.set += delta,
            Some(_) => moved.set -= delta,
        }
    }
}

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        let Moved { passed, set } = self.moved();
        SystemClock.now() + passed + set
    }

    fn uptime(&self) -> Duration {
        SystemClock.uptime() + self.moved().passed
    }
}

/// Opens the control socket: a line such as `90s` lets time pass, `+3h` and `-3h` set the wall clock, and any line is answered with the
/// time. `ESHOT_TEST_CLOCK_AT` holds such lines, with commas between, for the beginning.
pub(super) fn listen(path: PathBuf) -> anyhow::Result<Arc<dyn Clock>> {
    let clock = Arc::new(MovedClock::default());
    let orders = std::env::var_os("ESHOT_TEST_CLOCK_AT").unwrap_or_default();
    orders.to_string_lossy().split(',').for_each(|order| clock.obey(order));
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
        clock.obey(&line?);
        writeln!(&*stream, "{}", clock.now().to_rfc3339())?;
    }
    Ok(())
}
