use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::{Actor, EmailAddress, SubscriberId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::person::Person;
use super::{List, Report, Skipped};
use crate::entity::subscriber::{Column, Entity, Model};
use crate::subscription::{InvalidTransition, State};
use crate::suppression::{self, AddressHash};
use crate::voucher::{self, Voucher};
use crate::{Error, Evidence, Source, health, store};

/// A transaction's worth of a list. Each question is asked for all of them at once.
pub(super) struct Chunk<'a, C> {
    pub(super) conn: &'a C,
    pub(super) list: &'a List,
    pub(super) actor: &'a Actor,
    pub(super) now: DateTime<Utc>,
}

/// Somebody who is on file now.
struct OnFile {
    row: Model,
    /// Whether they came just now.
    fresh: bool,
}

/// What came of vouching for somebody, over all topics.
#[derive(Default)]
struct Vouched {
    /// They are subscribed to something more.
    new: bool,
    /// Why they are not to something.
    refused: Option<InvalidTransition>,
}

impl<C: ConnectionTrait> Chunk<'_, C> {
    /// Brings people on file and subscribes them. Gives what became of them, and those who were erased while they were looked
    /// for: they are to be looked at anew.
    pub(super) async fn bring(&self, people: Vec<Person>) -> Result<(Report, Vec<Person>), Error> {
        let mut report = Report::default();
        // In this order: who is erased between the two is known, and then gone; the other way round they would be neither known
        // nor barred, and come back on file.
        let known = self.known(&people).await?;
        let people = self.without_barred(people, &mut report).await?;
        let on_file = self.on_file(&people, &known).await?;
        let (people, vanished): (Vec<Person>, _) =
            people.into_iter().partition(|person| on_file.contains_key(&person.email));
        let hashes = people.iter().flat_map(|person| {
            let id = on_file.get(&person.email).map(|found| found.row.id);
            id.into_iter().flat_map(|id| person.hashes.iter().map(move |hash| (id, hash)))
        });
        suppression::put_hashes_of_all(self.conn, hashes).await?;
        let vouched = self.vouch(&on_file).await?;
        for person in &people {
            if let Some(found) = on_file.get(&person.email) {
                tell(&mut report, person, found.fresh, vouched.get(&found.row.id));
            }
        }
        Ok((report, vanished))
    }

    /// Those against whom no suppression stands.
    async fn without_barred(&self, people: Vec<Person>, report: &mut Report) -> Result<Vec<Person>, Error> {
        let hashes: Vec<AddressHash> = people.iter().flat_map(|person| person.hashes.iter().cloned()).collect();
        let barred = voucher::barred_among(self.conn, &hashes, &self.list.topics).await?;
        let mut free = Vec::with_capacity(people.len());
        for person in people {
            if let Some(reason) = barred.reason(&person.hashes) {
                skip(report, &person, &Skipped::Suppressed(reason));
            } else {
                free.push(person);
            }
        }
        Ok(free)
    }

    /// Which addresses are on file.
    async fn known(&self, people: &[Person]) -> Result<HashSet<EmailAddress>, Error> {
        let known: Vec<EmailAddress> =
            with_emails(people).select_only().column(Column::Email).into_tuple().all(self.conn).await?;
        Ok(known.into_iter().collect())
    }

    /// The people with these addresses, locked in the order of their ids; who was not on file comes on file.
    async fn on_file(
        &self,
        people: &[Person],
        known: &HashSet<EmailAddress>,
    ) -> Result<BTreeMap<EmailAddress, OnFile>, Error> {
        let mut fresh = HashSet::new();
        let mut rows = Vec::new();
        for person in people.iter().filter(|person| !known.contains(&person.email)) {
            let id = SubscriberId::new(self.now);
            let locale = person.locale.unwrap_or(self.list.locale);
            let row = store::fresh(id, &person.email, locale, self.actor, self.now);
            rows.push(store::with_profile(row, id, person.profile.clone())?);
            fresh.insert(id);
        }
        if !rows.is_empty() {
            // Another import may be faster: then they are on file as it has them.
            let once = Entity::insert_many(rows).on_conflict_do_nothing_on([Column::Email]);
            once.exec_without_returning(self.conn).await?;
        }
        let rows = with_emails(people).order_by_asc(Column::Id).lock(health::ACT).all(self.conn).await?;
        let on_file = |row: Model| (row.email.clone(), OnFile { fresh: fresh.contains(&row.id), row });
        Ok(rows.into_iter().map(on_file).collect())
    }

    async fn vouch(&self, on_file: &BTreeMap<EmailAddress, OnFile>) -> Result<HashMap<SubscriberId, Vouched>, Error> {
        let people: Vec<&Model> = on_file.values().map(|found| &found.row).collect();
        let voucher = Voucher {
            basis: self.list.basis,
            stated: &self.list.stated,
            until: self.list.until,
            source: Source::Import,
            actor: self.actor,
            evidence: &Evidence::none(),
        };
        let mut vouched: HashMap<SubscriberId, Vouched> = HashMap::with_capacity(people.len());
        for topic in &self.list.topics {
            for (id, outcome) in voucher::vouch_for_all(self.conn, &people, *topic, &voucher, self.now).await? {
                let of_all = vouched.entry(id).or_default();
                match outcome {
                    Ok(new) => of_all.new |= new,
                    Err(why) => of_all.refused = Some(why),
                }
            }
        }
        Ok(vouched)
    }
}

fn with_emails(people: &[Person]) -> sea_orm::Select<Entity> {
    Entity::find().filter(Column::Email.is_in(people.iter().map(|person| person.email.clone())))
}

/// Counts what became of a person. To a row that says their address again they are who they have just become.
fn tell(report: &mut Report, person: &Person, fresh: bool, vouched: Option<&Vouched>) {
    let left_out = vouched.and_then(|vouched| vouched.refused).map(|refused| match refused.from {
        Some(State::Unsubscribed) => Skipped::Left,
        _ => Skipped::Unconfirmed,
    });
    let mut again = 0;
    match (fresh, vouched.is_some_and(|vouched| vouched.new), &left_out) {
        (true, ..) => report.added += 1,
        (_, true, _) => report.joined += 1,
        (_, _, None) => report.unchanged += 1,
        (_, _, Some(why)) => report.skipped.push((person.line, why.clone())),
    }
    for line in &person.again {
        match &left_out {
            Some(why) => report.skipped.push((*line, why.clone())),
            None => again += 1,
        }
    }
    report.unchanged += again;
}

fn skip(report: &mut Report, person: &Person, why: &Skipped) {
    let lines = std::iter::once(person.line).chain(person.again.iter().copied());
    report.skipped.extend(lines.map(|line| (line, why.clone())));
}
