use super::{Desk, Task, Work};
use crate::hand::{Hand, News, Order, Report};

impl Desk {
    /// Gives idle workers something to compose, as far as limits and the relay let it go right after. Those who are done with a
    /// message in no time get the next one beforehand: its round is then the one that writes down the answer to the last.
    pub(super) fn assign(&mut self) {
        self.limited = None;
        let seats = 0..self.seats.len();
        for (seat, ahead) in seats.clone().map(|seat| (seat, false)).chain(seats.map(|seat| (seat, true))) {
            if !self.seats[seat].has_room(ahead)
                || !self.may_connect(seat)
                || (ahead && self.has_too_many_connections())
            {
                continue;
            }
            let uptime = self.parts.clock.uptime();
            if !self.relay_backoff.wait(uptime).is_zero() || (self.relay_backoff.is_failing() && self.is_busy()) {
                // A relay that was down is tried by one worker, not by all of them.
                return;
            }
            let Some(holding) = self.next(ahead) else { return };
            let holding = &mut self.holdings[holding];
            let Some(piece) = holding.pieces.pop_front() else { return };
            holding.open += 1;
            let work = Work {
                holding: holding.id,
                key: piece.key,
                subscriber: piece.subscriber,
                class: holding.class.clone(),
                looked_at: holding.looked_at,
            };
            let most = holding.class.messages_per_connection();
            let order = Order::Prepare(Box::new(piece), holding.stationery.clone(), most);
            self.seats[seat].give(work, order);
        }
    }

    /// The holding whose next piece may go now, its permit taken: urgent ones first, then those of the mailing that has waited
    /// longest for its turn. Urgent ones are not given ahead: whoever is free next is to have them.
    fn next(&mut self, ahead: bool) -> Option<usize> {
        for at in self.in_turn() {
            let holding = &self.holdings[at];
            if holding.pieces.is_empty() || self.paused.contains(&holding.lane) || (ahead && holding.is_urgent()) {
                continue;
            }
            let granted = self.parts.limits.take(&holding.class, 1);
            if granted.n == 1 {
                self.had_its_turn(at);
                return Some(at);
            }
            self.limited = Some(self.limited.map_or(granted.wait, |wait| wait.min(granted.wait)));
        }
        None
    }

    /// The holdings in the order in which they are served.
    pub(super) fn in_turn(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.holdings.len()).collect();
        order.sort_by_key(|at| (!self.holdings[*at].is_urgent(), self.holdings[*at].turn));
        order
    }

    fn had_its_turn(&mut self, at: usize) {
        self.turns += 1;
        let mailing = self.holdings[at].stationery.mailing.no;
        for holding in self.holdings.iter_mut().filter(|holding| holding.stationery.mailing.no == mailing) {
            holding.turn = self.turns;
        }
    }

    /// Takes a worker's report.
    pub(super) fn take(&mut self, report: Report) {
        let seat = report.hand;
        match (std::mem::replace(&mut self.seats[seat].task, Task::None), report.news) {
            (Task::Preparing(work), News::Prepared) => {
                if self.relay_backoff.worked() {
                    self.relay_error = None;
                    tracing::info!(relay = %self.relay, "the relay {} takes mail again", self.relay);
                }
                self.seats[seat].task = Task::Prepared(work);
            }
            (Task::Preparing(work), News::NoRelay(piece, error)) => {
                if let Some(holding) = self.holding(work.holding) {
                    holding.open -= 1;
                    holding.pieces.push_front(*piece);
                    // It was not asked about when the others were.
                    holding.looked_at = holding.looked_at.min(work.looked_at);
                }
                self.parts.limits.give_back(&work.class, 1);
                let uptime = self.parts.clock.uptime();
                let why = format!("{error}: {}", error.problem);
                // Workers that find it down together have found it down once.
                if self.relay_backoff.wait(uptime).is_zero() {
                    let (wait, news) = self.relay_backoff.failed(uptime);
                    if news {
                        tracing::error!(relay = %self.relay, "the relay takes no mail, next try in {wait:?}: {why}");
                    }
                }
                self.relay_error = Some(why);
            }
            (Task::Preparing(work), News::NotComposed(error)) => self.not_composed(&work, error),
            (Task::Sending(work, submitted, _), News::Ended { ended, started_at, answered_at }) => {
                self.seats[seat].end(answered_at - started_at);
                self.hear(&work, submitted, &ended, started_at, answered_at);
            }
            // A worker answers what it was told; anything else was told before its seat was given to another.
            (task, _) => self.seats[seat].task = task,
        }
    }

    /// Hires anew for workers that have fallen over. What they had before them is left to the leases.
    pub(super) fn replace_the_fallen(&mut self) {
        for number in 0..self.seats.len() {
            if !self.seats[number].hand.is_gone() {
                continue;
            }
            // All that it has said lies here by now.
            while let Ok(report) = self.reports.try_recv() {
                self.take(report);
            }
            tracing::error!("worker {number} of the sender has fallen over and is replaced");
            self.seats[number].hand = Hand::hire(number, self.bench.clone());
            for (work, offered) in self.seats[number].clear() {
                if let Some(holding) = self.holding(work.holding) {
                    holding.open -= 1;
                }
                if offered {
                    self.parts.limits.done(&work.class, 1);
                } else {
                    self.parts.limits.give_back(&work.class, 1);
                }
            }
        }
    }
}
