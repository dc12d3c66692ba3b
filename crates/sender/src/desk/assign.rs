use limits::Class;

use super::{Desk, Task, Work};
use crate::connection::{OpenError, Sign};
use crate::hand::{Hand, News, Order, Report};
use crate::holding::Holding;

impl Desk {
    /// Gives idle workers something to compose, as far as limits and the relay let it go right after. Those who are done with a
    /// message in no time get the next one beforehand: its round is then the one that writes down the answer to the last.
    pub(super) fn assign(&mut self) {
        self.limited = None;
        for ahead in [false, true] {
            if ahead && self.somebody_waits() {
                // Whoever is done first is to be free for it.
                break;
            }
            // With several relays, what one has taken may be what another had to wait for.
            while self.assign_once(ahead) && self.ways.len() > 1 {}
        }
    }

    /// Whether something is in hand that somebody waits for and that may go.
    fn somebody_waits(&self) -> bool {
        let may_go = |holding: &&Holding| !holding.pieces.is_empty() && !self.paused.contains(&holding.lane);
        self.holdings.iter().filter(may_go).any(|holding| holding.is_urgent() && self.is_ready(holding))
    }

    /// Looks at every worker once. Says whether any was given something.
    fn assign_once(&mut self, ahead: bool) -> bool {
        let mut given = false;
        // Relays that have nothing more to do in this round.
        let mut done = vec![false; self.ways.len()];
        for seat in 0..self.seats.len() {
            let way = self.seats[seat].way;
            if done[way]
                || !self.seats[seat].has_room(ahead)
                || !self.may_connect(seat)
                || (ahead && self.has_too_many_connections(way))
            {
                continue;
            }
            let uptime = self.parts.clock.uptime();
            if self.ways[way].is_down() {
                // A relay that was down is tried by one worker, not by all of them, and by no message that another could take.
                done[way] = true;
                if !self.ways[way].wait(uptime).is_zero() || self.is_in_use(way) {
                    continue;
                }
                if self.is_missed(way) && !self.ways[way].is_refusing() {
                    self.seats[seat].hand.tell(Order::Try);
                    self.seats[seat].task = Task::Trying;
                    continue;
                }
            }
            match self.next(way, ahead) {
                Some((at, class)) => given |= self.give(seat, at, class),
                None => done[way] = true,
            }
        }
        given
    }

    /// Gives a worker the next piece of a holding.
    fn give(&mut self, seat: usize, at: usize, class: Class) -> bool {
        let way = self.seats[seat].way;
        let Some(piece) = self.holdings[at].pieces.pop_front() else { return false };
        self.has_got(way, at);
        let holding = &mut self.holdings[at];
        holding.open += 1;
        let most = class.messages_per_connection();
        let work = Work {
            way,
            holding: holding.id,
            brand: holding.stationery.brand.id,
            key: piece.key,
            subscriber: piece.subscriber,
            class,
            looked_at: holding.looked_at,
        };
        let order = Order::Prepare(Box::new(piece), holding.stationery.clone(), most);
        self.seats[seat].give(work, order);
        true
    }

    /// Whether a worker at this relay has anything before it.
    pub(super) fn is_in_use(&self, way: usize) -> bool {
        self.seats.iter().any(|seat| seat.way == way && !matches!(seat.task, Task::None))
    }

    /// The holding whose next piece may go by this relay now, its permit taken: urgent ones first, then those of the mailing that
    /// has waited longest for its turn. Urgent ones are not given ahead: whoever is free next is to have them.
    fn next(&mut self, way: usize, ahead: bool) -> Option<(usize, Class)> {
        let uptime = self.parts.clock.uptime();
        for at in self.in_turn() {
            let holding = &self.holdings[at];
            if holding.pieces.is_empty() || self.paused.contains(&holding.lane) || (ahead && holding.is_urgent()) {
                continue;
            }
            let Some(exit) = holding.exits.iter().find(|exit| exit.way == way) else { continue };
            if self.is_refused(exit) && (ahead || !self.is_due_for_one(exit, uptime)) {
                // One message at a time shows whether that is still so.
                continue;
            }
            let class = exit.class.clone();
            if !self.may_have(way, at) {
                continue;
            }
            let granted = self.parts.limits.take(&class, 1);
            if granted.n == 1 {
                self.had_its_turn(at);
                return Some((at, class));
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
                self.ways[work.way].works();
                self.seats[seat].task = Task::Prepared(work);
            }
            (Task::Trying, News::Tried(Ok(()))) => self.ways[self.seats[seat].way].works(),
            (Task::Trying, News::Tried(Err(error))) => self.not_reached(self.seats[seat].way, &error),
            (Task::Preparing(work), News::NoRelay(piece, error)) => {
                if let Some(holding) = self.holding(work.holding) {
                    holding.open -= 1;
                    holding.pieces.push_front(*piece);
                    // It was not asked about when the others were.
                    holding.looked_at = holding.looked_at.min(work.looked_at);
                }
                self.parts.limits.give_back(&work.class, 1);
                self.not_reached(work.way, &error);
            }
            (Task::Preparing(work), News::NotComposed(error)) => self.not_composed(&work, error),
            (Task::Sending(work, submitted, _), News::Ended { ended, started_at, answered_at }) => {
                self.seats[seat].end(answered_at - started_at);
                let way = &self.ways[work.way];
                // A relay by itself is tried whatever it says of us, unless it has asked for a rest. Where it does not take a brand's
                // sender, what else there is of that brand waits: no words of it would be about those whom it is for.
                let is_alone = self.ways.len() == 1 && !way.is_refusing() && ended.asks_for_rest().is_none();
                if !(is_alone && ended.sign() == Sign::RefusesAll) {
                    let slug = self.holdings.iter().find(|holding| holding.id == work.holding);
                    let slug = slug.map(|holding| holding.stationery.brand.slug.clone()).unwrap_or_default();
                    self.ways[work.way].hears(&ended, (work.brand, &slug), self.parts.clock.uptime());
                }
                self.hear(&work, submitted, &ended, started_at, answered_at);
            }
            // A worker answers what it was told; anything else was told before its seat was given to another.
            (task, _) => self.seats[seat].task = task,
        }
    }

    fn not_reached(&mut self, way: usize, error: &OpenError) {
        self.ways[way].fails(format!("{error}: {}", error.problem), self.parts.clock.uptime());
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
            self.seats[number].hand = Hand::hire(number, self.ways[self.seats[number].way].bench.clone());
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
