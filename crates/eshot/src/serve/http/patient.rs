use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How much the other side must take each time that it keeps us waiting: some 2 kB a second with a patience of 30 seconds.
const LEAST: usize = 64 << 10;

/// A connection whose writes fail when the other side takes less than [`LEAST`] within the patience: an answer that nobody
/// reads, or that somebody reads letter by letter, would otherwise hold its place for ever.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    waiting: Option<Waiting>,
}

/// From the moment at which the other side had no room.
#[derive(Debug)]
struct Waiting {
    end: Pin<Box<Sleep>>,
    taken: usize,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
    }

    fn bounded(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = &polled {
            if let (Some(waiting), Ok(written)) = (&mut self.waiting, written) {
                waiting.taken += written;
            }
            self.waiting.take_if(|waiting| waiting.taken >= LEAST);
            return polled;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Waiting { end: Box::pin(sleep(patience)), taken: 0 });
        ready!(waiting.end.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.bounded(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Whoever flushes has nothing left to write: the other side has taken it all and keeps nobody waiting.
        self.waiting = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Reads so many bytes each second.
    async fn read(mut stream: DuplexStream, a_second: usize) {
        let mut piece = vec![0; a_second];
        while stream.read_exact(&mut piece).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// How long it takes to write so much to somebody who reads so many bytes each second, and how it ends.
    async fn write(length: usize, a_second: usize) -> (Duration, Option<io::ErrorKind>) {
        let (near, far) = duplex(4 << 10);
        let reading = tokio::spawn(read(far, a_second));
        let mut patient = Patient::new(near, PATIENCE);
        let begun = Instant::now();
        let written = timeout(Duration::from_secs(100_000), patient.write_all(&vec![b'x'; length])).await;
        reading.abort();
        (begun.elapsed(), written.expect("it ends").err().map(|error| error.kind()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_read_letter_by_letter_ends_when_patience_does() {
        assert_eq!(write(1 << 20, 1).await, (PATIENCE, Some(io::ErrorKind::TimedOut)));
        assert_eq!(write(1 << 20, 2 << 10).await, (PATIENCE, Some(io::ErrorKind::TimedOut)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_takes_as_long_as_it_needs() {
        let (took, error) = write(4 << 20, 4 << 10).await;
        assert!(took > PATIENCE * 10 && error.is_none(), "{took:?} {error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_between_two_answers_is_nobodys_fault() {
        let (near, mut far) = duplex(4 << 10);
        let mut patient = Patient::new(near, PATIENCE);
        for _ in 0..3 {
            let answer = [b'x'; 5 << 10];
            let writing = async {
                patient.write_all(&answer).await?;
                patient.flush().await
            };
            let reading = async {
                sleep(PATIENCE / 2).await;
                far.read_exact(&mut [0; 5 << 10]).await
            };
            tokio::try_join!(writing, reading).unwrap();
            sleep(PATIENCE * 9).await;
        }
    }
}
