//! One address gets all mail instead of those it is for.

use sender::{Settings, Tally};
use testkit::smtp::{Moment, Rule};
use testkit::{TestDb, both};

use crate::house::{House, with_connections};

const STAND_IN: &str = "staging@example.org";

fn redirected(settings: Settings) -> Settings {
    Settings { redirect_to: Some(STAND_IN.parse().unwrap()), ..with_connections(settings, 1) }
}

both!(
    async fn nobody_but_the_stand_in_gets_a_mail_and_it_says_whom_it_was_for(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol(&["ada@example.com"]).await;
        let (_, mailing) = house.launch().await;
        let tick = house.sender_with(redirected).tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 1, ..Tally::default() });
        let mail = house.sink.messages().remove(0);
        let to: Vec<_> = mail.to.iter().map(|to| to.address.as_str()).collect();
        assert_eq!((mail.from.as_str(), to), (STAND_IN, vec![STAND_IN]), "nothing about it comes back");
        let text = String::from_utf8(mail.raw).unwrap();
        for line in ["X-Original-To: ada@example.com", "To: Ada Lovelace <ada@example.com>"] {
            assert!(text.lines().any(|other| other == line), "{line}: {text}");
        }
        assert_eq!(house.counts(mailing).await.sent, 1);
        let sent = "SELECT COUNT(*), COUNT(subscriber_id) FROM facts WHERE kind = 'sent'";
        let sent = database::sql::row(house.db.reader(), sent, []).await.unwrap().unwrap();
        let sent: (i64, i64) = (sent.try_get_by_index(0).unwrap(), sent.try_get_by_index(1).unwrap());
        assert_eq!(sent, (1, 0), "she has got nothing");
    }
);

both!(
    async fn what_is_said_of_the_stand_in_is_said_of_nobody(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Rcpt, "550 5.1.1 no such user here"));
        let people = house.enrol_many(8).await;
        let (_, mailing) = house.launch().await;
        assert_eq!(house.sender_with(redirected).tick().await.unwrap().tally.failed, 8);
        for (delivery, attempts) in house.by_person(mailing).await.values() {
            assert_eq!(attempts[0].reply, "no such user here", "{delivery:?}: what was said is kept");
        }
        house.enrol(&["g1@gmail.com"]).await;
        let again = house.launch().await.1;
        assert_eq!(house.counts(again).await.queued, i64::try_from(people.len() + 1).unwrap(), "nobody is suppressed");
        house.sink.forgive();
        house.sink.add(Rule::reply(Moment::Rcpt, "450 4.7.28 unusual rate of mail"));
        assert_eq!(house.sender_with(redirected).tick().await.unwrap().tally.deferred, 9);
        let pauses = ::limits::pause::active(house.db.reader(), house.clock_now()).await.unwrap();
        assert!(pauses.is_empty(), "{pauses:?}");
    }
);
