//! The end: what is under way gets its time, and what is in hand is written down or given back.

use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::Instant;

use super::Desk;
use crate::holding::UNDER_WAY;

impl Desk {
    /// Nothing more is begun; what is under way gets its time.
    pub(super) async fn drain(&mut self) {
        self.draining = true;
        let end = Instant::now() + self.settings.drain;
        while self.is_sending() && Instant::now() < end {
            self.wait((end - Instant::now()).min(UNDER_WAY)).await;
            self.write_or_say_why().await;
        }
        // Each worker says how far it came: what is before its final dot is not in doubt.
        self.cut.cancel();
        let end = Instant::now() + Duration::from_secs(1);
        while self.is_sending() && Instant::now() < end {
            self.wait(end - Instant::now()).await;
        }
        self.write_or_say_why().await;
        if self.unclear.is_some() {
            // Nothing of it has been with the relay, and by what the database says now it need not be in doubt.
            self.write_or_say_why().await;
        }
        if let Err(error) = self.leave().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "leases were not given back and run out by themselves"
            );
        }
        let hands = self.seats.drain(..).map(|seat| seat.hand.dismiss());
        // Goodbyes are politeness.
        let _ = tokio::time::timeout(Duration::from_secs(1), futures_util::future::join_all(hands)).await;
    }

    async fn write_or_say_why(&mut self) {
        let looked = self.look_at_those_under_way(self.now()).await;
        let written = self.turn(self.now()).await;
        if let Err(error) = looked.and(written) {
            let in_hand = self.in_hand();
            tracing::error!(error = &error as &dyn std::error::Error, "{in_hand}: {error}");
        }
    }

    /// What would be lost if the program ended now.
    fn in_hand(&self) -> String {
        let (heard, owed) = (self.heard.len(), self.owed.len());
        let mut in_hand =
            format!("{heard} answers are not written down, and of {owed} others not what follows from them");
        if let Some(round) = &self.unclear {
            let (heard, owed) = (round.answers(), round.consequences());
            // Writing to a String cannot fail.
            let _ = write!(in_hand, "; of {heard} and {owed} more it is not known");
        }
        if !self.words.is_empty() {
            let _ = write!(in_hand, "; {} words of providers are not written down", self.words.len());
        }
        in_hand
    }
}
