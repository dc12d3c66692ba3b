//! A relay as the desk sees it: whether it takes mail at present, everybody's and each brand's, and what it has had.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use domain::BrandId;

use super::standing::Standing;
use crate::Outlet;
use crate::connection::{Ended, Sign};
use crate::hand::Bench;

/// An outlet and how it stands.
pub(super) struct Way {
    pub(super) outlet: Outlet,
    pub(super) bench: Bench,
    /// How it stands with everybody's mail.
    standing: Standing,
    /// Connections of workers that were sent home.
    pub(super) leaving: Vec<Arc<AtomicBool>>,
    accounts: HashMap<BrandId, Account>,
}

/// What a relay has had of one brand's mail, where it shares that with others, and whether it takes it.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) had: u64,
    /// Since when it could have had more, were it not for the share of others.
    pub(super) waits_since: Option<Duration>,
    /// How it stands with this brand's mail alone.
    standing: Standing,
}

impl Way {
    pub(super) fn new(outlet: Outlet, bench: Bench) -> Self {
        let way = Self { outlet, bench, standing: Standing::default(), leaving: Vec::new(), accounts: HashMap::new() };
        way.show(true);
        way
    }

    /// Whether it was down when it was last tried.
    pub(super) fn is_down(&self) -> bool {
        self.standing.is_down()
    }

    /// How long it is still to be left alone.
    pub(super) fn wait(&self, uptime: Duration) -> Duration {
        self.standing.wait(uptime)
    }

    /// Whether only a message can show that it takes mail: it lets us in, and takes none.
    pub(super) fn is_refusing(&self) -> bool {
        self.standing.is_refusing()
    }

    /// Whether it does not take this brand's mail, whatever it does with that of others.
    pub(super) fn refuses(&self, brand: BrandId) -> bool {
        self.accounts.get(&brand).is_some_and(|account| account.standing.is_down())
    }

    /// How long this brand's mail is still to be kept from it.
    pub(super) fn wait_for(&self, brand: BrandId, uptime: Duration) -> Duration {
        self.accounts.get(&brand).map_or(Duration::ZERO, |account| account.standing.wait(uptime))
    }

    /// How long it is, or any brand's mail is, still to be left alone: whatever is over first.
    pub(super) fn shortest_wait(&self, uptime: Duration) -> Option<Duration> {
        let brands = self.accounts.values().map(|account| account.standing.wait(uptime));
        brands.chain([self.wait(uptime)]).filter(|wait| !wait.is_zero()).min()
    }

    /// Why it takes no mail, or none of some brand, if it does not.
    pub(super) fn error(&self) -> Option<&str> {
        self.standing.error().or_else(|| self.accounts.values().find_map(|account| account.standing.error()))
    }

    /// It lets us in.
    pub(super) fn works(&mut self) {
        let news = self.standing.lets_us_in();
        self.tell_that_it_works(news);
    }

    /// It takes no mail, and this is why.
    pub(super) fn fails(&mut self, why: String, uptime: Duration) {
        let news = self.standing.fails(why, uptime);
        self.tell(news);
    }

    /// A message of this brand has ended. What it says before it knows whom the message is for, or of the sender, is said of the brand;
    /// that it ends a connection, or has enough of us, is said to everybody.
    pub(super) fn hears(&mut self, ended: &Ended, brand: (BrandId, &str), uptime: Duration) {
        match ended.sign() {
            Sign::RefusesAll => {
                let news = self.standing.refuses(ended, uptime);
                self.tell(news);
            }
            Sign::RefusesSender => {
                // What comes late does not end a rest that it has asked for since.
                if !self.is_refusing() {
                    self.takes_mail();
                }
                let standing = &mut self.account(brand.0).standing;
                let news = standing.refuses(ended, uptime);
                let why = standing.error().unwrap_or_default().to_owned();
                if let Some(wait) = news {
                    let (name, brand) = (&self.outlet.name, brand.1);
                    tracing::error!(
                        relay = %name, brand,
                        "the relay {name} takes no mail of the brand {brand}, next try in {wait:?}: {why}"
                    );
                }
            }
            Sign::Takes => {
                self.takes_mail();
                if self.account(brand.0).standing.works() {
                    let (name, brand) = (&self.outlet.name, brand.1);
                    tracing::info!(relay = %name, brand, "the relay {name} takes mail of the brand {brand} again");
                }
            }
            Sign::None => {
                self.standing.shows_nothing(uptime);
                self.account(brand.0).standing.shows_nothing(uptime);
            }
        }
    }

    pub(super) fn account(&mut self, brand: BrandId) -> &mut Account {
        self.accounts.entry(brand).or_default()
    }

    pub(super) fn had(&self, brand: BrandId) -> u64 {
        self.accounts.get(&brand).map_or(0, |account| account.had)
    }

    fn takes_mail(&mut self) {
        let news = self.standing.works();
        self.tell_that_it_works(news);
    }

    /// Tells that it takes mail, if that is news.
    fn tell_that_it_works(&self, news: bool) {
        if news {
            self.show(true);
            let name = &self.outlet.name;
            tracing::info!(relay = %name, "the relay {name} takes mail again");
        }
    }

    /// Tells that it takes no mail, if that is news.
    fn tell(&self, news: Option<Duration>) {
        if let Some(wait) = news {
            self.show(false);
            let (name, why) = (&self.outlet.name, self.standing.error().unwrap_or_default());
            tracing::error!(relay = %name, "the relay {name} takes no mail, next try in {wait:?}: {why}");
        }
    }

    fn show(&self, up: bool) {
        metrics::gauge!("eshot_relay_up", "relay" => self.outlet.name.clone()).set(if up { 1.0 } else { 0.0 });
    }
}
