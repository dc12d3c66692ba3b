use std::collections::BTreeMap;

use database::{Column, sql};
use domain::MailingNo;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::store::ANY_LINK;

/// The number under which openings stand.
pub(super) const OPENINGS: i32 = -1;

/// What was judged of one link, or of the openings.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Deliveries whose readers did it, each counted once.
    pub people: i64,
    /// How often they did.
    pub human: i64,
    /// How often a machine did in their name.
    pub machine: i64,
    /// How often it was done by nobody in particular.
    pub anonymous: i64,
    /// How often of those a machine did it.
    pub anonymous_machine: i64,
}

/// What was judged of a mailing's hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Openings.
    pub openings: Count,
    /// All clicks; its people are those who followed any link.
    pub clicks: Count,
    /// Clicks by the numbers of the links; a link that nobody followed is not there.
    pub links: BTreeMap<u16, Count>,
}

/// What was counted of a mailing, and judged, so far.
pub async fn counts(conn: &impl ConnectionTrait, mailing: MailingNo) -> Result<Counted, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        link: i32,
        people: i64,
        human: i64,
        machine: i64,
        anonymous: i64,
        anonymous_machine: i64,
    }
    let sql = "SELECT link, people, human, machine, anonymous, anonymous_machine FROM hit_counts WHERE mailing_no = $1";
    let mut counted = Counted::default();
    for row in sql::all::<Row>(conn, sql, [mailing.into()]).await? {
        let Row { link, people, human, machine, anonymous, anonymous_machine } = row;
        let count = Count { people, human, machine, anonymous, anonymous_machine };
        match u16::try_from(link) {
            Ok(number) => {
                counted.clicks.human += human;
                counted.clicks.machine += machine;
                counted.clicks.anonymous += anonymous;
                counted.clicks.anonymous_machine += anonymous_machine;
                counted.links.insert(number, count);
            }
            Err(_) if link == ANY_LINK => counted.clicks.people = people,
            Err(_) => counted.openings = count,
        }
    }
    Ok(counted)
}

/// What a chunk adds.
#[derive(Debug, Default)]
pub(super) struct Counts(BTreeMap<(i64, i32), Count>);

impl Counts {
    pub(super) fn of(&mut self, mailing: MailingNo, link: i32) -> &mut Count {
        self.0.entry((mailing.0, link)).or_default()
    }

    pub(super) async fn add(self, conn: &impl ConnectionTrait) -> Result<(), DbErr> {
        const COUNT: &[Column; 7] = &[
            ("mailing_no", "bigint"),
            ("link", "integer"),
            ("people", "bigint"),
            ("human", "bigint"),
            ("machine", "bigint"),
            ("anonymous", "bigint"),
            ("anonymous_machine", "bigint"),
        ];
        let rows: Vec<_> = self.0.into_iter().filter(|(_, count)| *count != Count::default()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let row = |((mailing, link), count): ((i64, i32), Count)| {
            [
                mailing.into(),
                i64::from(link).into(),
                count.people.into(),
                count.human.into(),
                count.machine.into(),
                count.anonymous.into(),
                count.anonymous_machine.into(),
            ]
        };
        let table = database::table(conn.get_database_backend(), 0, COUNT, rows.into_iter().map(row).collect());
        // `WHERE true` tells SQLite that ON is no join's (its manual, "Parsing Ambiguity" of UPSERT).
        let sql = format!(
            "INSERT INTO hit_counts (mailing_no, link, people, human, machine, anonymous, anonymous_machine) \
             SELECT mailing_no, link, people, human, machine, anonymous, anonymous_machine FROM {} WHERE true \
             ON CONFLICT (mailing_no, link) DO UPDATE SET \
               people = hit_counts.people + excluded.people, human = hit_counts.human + excluded.human, \
               machine = hit_counts.machine + excluded.machine, anonymous = hit_counts.anonymous + excluded.anonymous, \
               anonymous_machine = hit_counts.anonymous_machine + excluded.anonymous_machine",
            table.sql
        );
        sql::execute(conn, &sql, table.values).await?;
        Ok(())
    }
}
